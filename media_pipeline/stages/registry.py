"""All stages, in the order in which data flows down."""

from __future__ import annotations

from media_pipeline.stages.audio_quality import AUDIO_QUALITY
from media_pipeline.stages.base import Stage
from media_pipeline.stages.beats import BEATS_STAGE
from media_pipeline.stages.beauty import BEAUTIFIED
from media_pipeline.stages.burn import CAPTIONED_VIDEO
from media_pipeline.stages.captions import CAPTION_FILES, CAPTIONS, OCR_CUES
from media_pipeline.stages.chorus import CHORUS
from media_pipeline.stages.cover import COVER
from media_pipeline.stages.delogo import DELOGOED
from media_pipeline.stages.denoise import DENOISED
from media_pipeline.stages.detext import DETEXTED
from media_pipeline.stages.frames import FRAMES
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES, REEL, RENDERED_CLIPS
from media_pipeline.stages.matte import MATTE
from media_pipeline.stages.mixing import MIXED
from media_pipeline.stages.portrait import PORTRAIT
from media_pipeline.stages.source import SOURCE
from media_pipeline.stages.speech import (
    AUDIO,
    CAPTION_SPEECH,
    LANGUAGE,
    SPEECH_SUBTITLES,
    TRANSCRIPT,
    WORDS,
)

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        SOURCE,
        FRAMES,
        OCR_CUES,
        CAPTIONS,
        CAPTION_FILES,
        AUDIO,
        LANGUAGE,
        TRANSCRIPT,
        WORDS,
        SPEECH_SUBTITLES,
        CAPTION_SPEECH,
        HIGHLIGHT_CANDIDATES,
        RENDERED_CLIPS,
        REEL,
        CAPTIONED_VIDEO,
        COVER,
        DELOGOED,
        DETEXTED,
        PORTRAIT,
        BEAUTIFIED,
        BEATS_STAGE,
        CHORUS,
        AUDIO_QUALITY,
        MATTE,
        DENOISED,
        MIXED,
    )
}
