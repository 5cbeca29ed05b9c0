"""Settings of the workers, who find them by the name of this module.

A worker is one process that works on one run at a time and stays: what a model takes to load is
paid once. Start as many as there are cores or GPUs for them.
"""

import os

_DAY_S = 86400
_REDIS = os.environ["MEDIA_PIPELINE_BROKER"].startswith(("redis", "unix"))

broker_url = os.environ["MEDIA_PIPELINE_BROKER"]
result_backend = os.environ["MEDIA_PIPELINE_BROKER_RESULTS"]

worker_concurrency = 1
# A fresh process loads the code first. On a busy machine that takes longer than the few seconds
# after which it would be killed and replaced by another, for ever.
worker_proc_alive_timeout = 600
# Once it is over this it is replaced by a fresh process, between two runs: models of many
# languages add up.
worker_max_memory_per_child = int(os.environ.get("MEDIA_PIPELINE_WORKER_MEMORY_MB", "4096")) * 1024

# A worker takes a run from the broker when it can work on it. Else a short run would wait behind a
# long one although another worker is free.
worker_prefetch_multiplier = 1
worker_disable_prefetch = _REDIS

# The broker may go away and come back; the run that is worked on does not mind.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
result_backend_always_retry = True
result_expires = 7 * _DAY_S
broker_transport_options = {"socket_connect_timeout": 5, "socket_timeout": 10}
if _REDIS:
    broker_transport_options["visibility_timeout"] = 7 * _DAY_S
