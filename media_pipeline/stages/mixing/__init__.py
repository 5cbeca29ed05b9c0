"""A second sound under or beside the first."""

from media_pipeline.stages.mixing.stage import MIXED

__all__ = ["MIXED"]
