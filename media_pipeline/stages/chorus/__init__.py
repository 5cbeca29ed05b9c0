"""Choruses of music: what is heard, what comes again in any key, and which of it is the chorus."""

from media_pipeline.stages.chorus.find import Segment, Segments, find_choruses
from media_pipeline.stages.chorus.stage import CHORUS

__all__ = ["CHORUS", "Segment", "Segments", "find_choruses"]
