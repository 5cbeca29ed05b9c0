"""How good a recording sounds: measured facts of each channel, and indexes made of them."""

from media_pipeline.stages.audio_quality.assess import Channel, assess
from media_pipeline.stages.audio_quality.stage import AUDIO_QUALITY

__all__ = ["AUDIO_QUALITY", "Channel", "assess"]
