"""The stage ``denoised``: the function SpeechDenoise."""

from __future__ import annotations

from collections.abc import Iterator

from media_pipeline.media.audio import Samples, iter_audio
from media_pipeline.media.wav import open_wav
from media_pipeline.stages.base import (
    FUNCTIONS_GROUP,
    MediaOutput,
    Outcome,
    Stage,
    StageParams,
    Work,
    raise_reason,
)
from media_pipeline.stages.denoise.clean import denoise
from media_pipeline.stages.denoise.plan import listen, plan_for

_BLOCK_S = 10.0
_MEASURED = 0.2
"""Share of the work that measuring the noise is."""


class Params(StageParams):
    """The noise says what is done about it: there is nothing to ask for."""


def _run(work: Work) -> Outcome:
    audio = work.inputs["audio"]
    raise_reason(audio)
    rate, channels = int(audio.facts["sample_rate"]), int(audio.facts["channels"])
    duration = max(float(audio.facts["duration"]), 1e-3)

    def blocks(first: float, share: float) -> Iterator[Samples]:
        sound = audio.path("sound.flac")
        for n, block in enumerate(iter_audio(sound, rate=rate, mono=False, block_s=_BLOCK_S)):
            work.progress(first + share * min(1.0, n * _BLOCK_S / duration))
            yield block

    plan = plan_for(listen(blocks(0.0, _MEASURED), rate))
    with open_wav(work.out / "denoised.wav", rate, channels) as wav:
        for block in denoise(blocks(_MEASURED, 1 - _MEASURED), rate, plan):
            wav.write(block)
        seconds = wav.frames / rate
    work.progress(1.0)
    return Outcome(
        {
            "snr_db": round(plan.snr_db, 2),
            "method": plan.words,
            "sample_rate": rate,
            "channels": channels,
            "durations": {"denoised.wav": seconds},
        }
    )


DENOISED = Stage(
    name="denoised",
    group=FUNCTIONS_GROUP,
    description="The sound with less noise behind its speech, every sample where it was; speech "
    "that is clean is let through.",
    version="4",
    params=Params,
    outputs=(MediaOutput("denoised.wav"),),
    run=_run,
    inputs=("audio",),
    kinds=("wav",),
)
