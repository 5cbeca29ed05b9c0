"""All production functions, by their ICE names."""

from __future__ import annotations

from media_pipeline.production.base import Function, Task
from media_pipeline.production.beauty import FACE_BEAUTY
from media_pipeline.production.captioning import CAPTION
from media_pipeline.production.captions import CAPTION_EXTRACTION
from media_pipeline.production.clip import VIDEO_CLIP
from media_pipeline.production.cover import COVER_FUNCTION
from media_pipeline.production.delogo import VIDEO_DELOGO
from media_pipeline.production.denoise import SPEECH_DENOISE
from media_pipeline.production.detext import VIDEO_DETEXT
from media_pipeline.production.highlights import HIGHLIGHT_EXTRACTION
from media_pipeline.production.matte import VIDEO_GREEN_SCREEN_MATTING
from media_pipeline.production.mixing import AUDIO_MIXING
from media_pipeline.production.portrait import VIDEO_H2V
from media_pipeline.production.sound import (
    AUDIO_BEAT_DETECTION,
    AUDIO_QUALITY_ASSESSMENT,
    MUSIC_SEGMENT_DETECT,
)
from media_pipeline.production.speech import ASR

FUNCTIONS: dict[str, Function] = {
    "CaptionExtraction": CAPTION_EXTRACTION,
    "FaceBeauty": FACE_BEAUTY,
    "VideoClip": VIDEO_CLIP,
    "Cover": COVER_FUNCTION,
    "VideoGreenScreenMatting": VIDEO_GREEN_SCREEN_MATTING,
    "VideoH2V": VIDEO_H2V,
    "VideoDelogo": VIDEO_DELOGO,
    "VideoDetext": VIDEO_DETEXT,
    "MusicSegmentDetect": MUSIC_SEGMENT_DETECT,
    "AudioBeatDetection": AUDIO_BEAT_DETECTION,
    "AudioQualityAssessment": AUDIO_QUALITY_ASSESSMENT,
    "SpeechDenoise": SPEECH_DENOISE,
    "AudioMixing": AUDIO_MIXING,
}
"""Those of SubmitIProductionJob, which the command has as well."""

REQUESTS: dict[str, Function] = {
    **FUNCTIONS,
    "ASR": ASR,
    "Caption": CAPTION,
    "HighlightExtraction": HIGHLIGHT_EXTRACTION,
    "RegisterMedia": Function(lambda _values: Task(lambda _job: None), pool=""),
}
"""All that a request can ask for. Registering is done once the film has been fetched."""
