"""SpeechDenoise: speech with less noise, as WAV, or in the film it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from media_pipeline.errors import InvalidParameter
from media_pipeline.media import ffmpeg
from media_pipeline.media.encode import aac_args
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.wav import wav_info
from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.production.sound import copy_out, noted
from media_pipeline.stages.denoise import DENOISED

RATES = (16000, 48000)
FILMS = (".mp4", ".mov", ".mkv")


class DenoiseParams(JobParams):
    """JobParams of SpeechDenoise."""

    any_sound: bool = Field(
        False,
        description="take sound of any format and rate, and films, not only WAV of 16 or 48 kHz",
    )


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    A film whose output is to be a film keeps its picture, copied.
    """
    params = checked(DenoiseParams, values)

    def work(job: Job) -> Result:
        source = job.runner.request(job.key, "source")
        info = MediaInfo.model_validate(source.facts["media"])
        if not params.any_sound:
            _require_wav(info)
        found = job.runner.request(job.key, DENOISED, progress=job.progress)
        job.note(f"blind SNR {found.facts['snr_db']} dB: {found.facts['method']}")
        target = job.folder / job.name
        if target.suffix.lower() in FILMS:
            put_into_film(
                job.runner.originals.path(job.runner.store.media.get(job.key)),
                found.path("denoised.wav"),
                target,
                info,
            )
        else:
            copy_out(found, "denoised.wav", target)
        return noted(job, found, {})

    return Task(work, (".wav", *FILMS) if params.any_sound else (".wav",))


def _require_wav(info: MediaInfo) -> None:
    """Refuse what the service refuses.

    Raises
    ------
    InvalidParameter
    """
    stream = next((s for s in info.audio if s.index == info.audio_index), None)
    rate = stream.sample_rate if stream is not None else None
    if stream is not None and (info.container != "wav" or rate not in RATES):
        raise InvalidParameter(
            f"the input is {info.container} at {rate} Hz, value range: WAV of 16000 or 48000 Hz",
            "convert it, or set JobParams.any_sound to true",
        )


def put_into_film(film: Path, sound: Path, target: Path, info: MediaInfo) -> None:
    """The picture of a film, copied, with another sound.

    Raises
    ------
    InvalidParameter
        when there is no picture.
    EncodeFailed
    """
    if info.video is None:
        raise InvalidParameter(f"{target.name} would be a film without a picture", "write a .wav")
    with atomic_path(target) as temporary:
        ffmpeg.run(
            [
                *("-i", ffmpeg.source(film), "-i", ffmpeg.source(sound)),
                *("-map", f"0:{info.video.index}", "-map", "1:0", "-c:v", "copy"),
                *(*aac_args(wav_info(sound).channels), ffmpeg.source(temporary)),
            ]
        )


SPEECH_DENOISE = Function(prepare, pool="")
