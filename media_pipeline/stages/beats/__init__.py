"""Beats and bars of music: onset strength, tempo curves, and a choice between what could be
tapped.
"""

from media_pipeline.stages.beats.stage import BEATS_STAGE
from media_pipeline.stages.beats.track import Tracked, track_beats

__all__ = ["BEATS_STAGE", "Tracked", "track_beats"]
