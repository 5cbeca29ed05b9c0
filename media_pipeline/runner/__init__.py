"""The one place that decides when a stage is called: resolve, reuse, run, validate, publish."""

from media_pipeline.runner.core import Runner, RunResult
from media_pipeline.runner.fingerprint import fingerprint
from media_pipeline.runner.parts import PartOrder, Parts, PartsWanted
from media_pipeline.runner.status import State, Status

__all__ = [
    "PartOrder",
    "Parts",
    "PartsWanted",
    "RunResult",
    "Runner",
    "State",
    "Status",
    "fingerprint",
]
