"""The stage ``mixed``: the function AudioMixing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from media_pipeline.asr.sound import map_wav
from media_pipeline.asr.vad import speech_spans
from media_pipeline.errors import NothingToDo
from media_pipeline.media.audio import Samples, iter_audio
from media_pipeline.media.files import sha256_file
from media_pipeline.media.probe import probe
from media_pipeline.media.wav import open_wav
from media_pipeline.stages.audio_quality.loudness import SILENT_LUFS
from media_pipeline.stages.base import (
    FUNCTIONS_GROUP,
    MediaOutput,
    Outcome,
    Resolution,
    Stage,
    StageParams,
    Work,
    raise_reason,
)
from media_pipeline.stages.mixing.mix import Pairs, beside, head, loudness, mixed, to_target

_BLOCK_S = 10.0
_HALF = 0.5


class Params(StageParams):
    """What can be asked of a mixture."""

    file: str = Field("", description="path of the second sound; without one nothing is mixed")
    level: float = Field(
        -12.0,
        ge=-60,
        le=20,
        description="loudness of what is heard of the second sound over the first, LU",
    )
    duck: float = Field(
        0.0, ge=0, le=30, description="dB by which the second is lower while somebody speaks"
    )
    loop: bool = Field(True, description="begin the second again when it ends before the first")
    loudness: float = Field(-16.0, ge=-40, le=-5, description="of the mixture, LUFS")
    true_peak: float = Field(-1.5, ge=-9, le=-0.5, description="of the mixture, at most, dBTP")


def _resolve(work: Work) -> Resolution:
    """The content of the second sound is part of the identity, its name is not."""
    if not work.params.file:
        return Resolution(work.params)
    probe(Path(work.params.file))
    sha256 = sha256_file(Path(work.params.file))
    return Resolution(work.params, {"name": "second sound", "version": sha256})


def _run(work: Work) -> Outcome:
    audio = work.inputs["audio"]
    raise_reason(audio)
    params: Params = work.params
    if not params.file:
        raise NothingToDo("there is no second sound", "name one in mixed.file")
    rate = int(audio.facts["sample_rate"])

    def main() -> Iterator[Samples]:
        sound = audio.path("sound.flac")
        return iter_audio(sound, rate=rate, mono=False, block_s=_BLOCK_S)

    def second() -> Iterator[Samples]:
        return iter_audio(Path(params.file), rate=rate, mono=False, block_s=_BLOCK_S)

    first_lufs, _ = loudness(main(), rate)
    # music often begins softly: under a short sound nothing else of it is heard
    heard = head(second(), round(float(audio.facts["duration"]) * rate))
    second_lufs, _ = loudness(heard, rate)
    silent = SILENT_LUFS in (first_lufs, second_lufs)
    gain = 0.0 if silent else first_lufs + params.level - second_lufs
    speech = speech_spans(map_wav(audio.path("speech.wav"))) if params.duck else []
    work.progress(_HALF)

    def both() -> Iterator[Pairs]:
        return beside(
            main,
            second,
            rate,
            second_gain_db=gain,
            speech=speech,
            duck_db=params.duck,
            loop=params.loop,
        )

    found = to_target(both, rate, params.loudness, params.true_peak)
    channels = next(both()).shape[2]
    with open_wav(work.out / "mixed.wav", rate, channels) as wav:
        for block in mixed(both(), rate, found.gain_db, params.true_peak):
            wav.write(block)
        seconds = wav.frames / rate
    work.progress(1.0)
    warnings = []
    if first_lufs <= SILENT_LUFS:
        warnings.append("the first sound is silent, so the second keeps its own level")
    if second_lufs <= SILENT_LUFS:
        warnings.append("the second sound is silent where it is heard")
    if abs(found.lufs - params.loudness) > 0.2 and found.lufs > SILENT_LUFS:
        warnings.append(f"the peaks allow {found.lufs:.1f} LUFS and no more")
    return Outcome(
        {
            "second_gain_db": round(gain, 2),
            "gain_db": round(found.gain_db, 2),
            "lufs": round(found.lufs, 2),
            "true_peak_db": round(found.true_peak_db, 2),
            "ducked_seconds": round(sum(b - a for a, b in speech), 2),
            "durations": {"mixed.wav": seconds},
        },
        warnings,
    )


MIXED = Stage(
    name="mixed",
    group=FUNCTIONS_GROUP,
    description="A second sound under the first, lower while somebody speaks when asked, at a "
    "loudness.",
    version="3",
    params=Params,
    outputs=(MediaOutput("mixed.wav"),),
    run=_run,
    inputs=("audio",),
    resolve=_resolve,
    kinds=("wav",),
)
