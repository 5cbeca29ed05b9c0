"""Set the limits of Dagster's pools from MEDIA_PIPELINE_POOLS, such as ``decode=8,ocr=4,asr=1``.

A limit counts for all machines together. Run it once the database is there; running it again does
no harm.
"""

import sys

import dagster as dg

from media_pipeline.errors import InvalidParameter
from media_pipeline.settings import Settings


def main() -> int:
    """Set them."""
    try:
        limits = Settings().pools
    except InvalidParameter as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with dg.DagsterInstance.get() as instance:
        for pool, limit in limits.items():
            instance.event_log_storage.set_concurrency_slots(pool, limit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
