"""All production functions, by their ICE names."""

from __future__ import annotations

from media_pipeline.production.base import Function
from media_pipeline.production.captions import CAPTION_EXTRACTION
from media_pipeline.production.clip import VIDEO_CLIP

FUNCTIONS: dict[str, Function] = {
    "CaptionExtraction": CAPTION_EXTRACTION,
    "VideoClip": VIDEO_CLIP,
}
