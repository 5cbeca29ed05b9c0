"""The sound of a media item, once for all who listen: 16 kHz mono for speech, the original rate and
channels for everything else, and how loud it is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from media_pipeline.errors import NoAudioStream
from media_pipeline.media.audio import Loudness, Resampler, Samples, Sound, measure_loudness
from media_pipeline.media.wav import MAX_FLAC_CHANNELS, FlacWriter, WavWriter, open_flac, open_wav
from media_pipeline.stages.base import (
    MediaOutput,
    Outcome,
    Progress,
    Stage,
    StageParams,
    Work,
    quiet,
)

SPEECH_RATE = 16000
_REPORT_S = 10.0
_MAX_FLAC_RATE = 655_350
_DECODED = 0.7
"""Share of the work that is done when both files are written; the rest measures loudness."""


class Params(StageParams):
    """The sound is taken as it is: there is nothing to ask for."""


@dataclass(frozen=True)
class Extracted:
    """What :func:`extract_audio` wrote."""

    sample_rate: int
    channels: int
    duration: float
    """Seconds of the written files, from the container's start time."""
    loudness: Loudness
    warnings: tuple[str, ...] = ()


def extract_audio(
    path: Path,
    speech: Path,
    sound: Path,
    *,
    stream: int | None = None,
    duration: float | None = None,
    progress: Progress = quiet,
) -> Extracted:
    """Write a sound track as ``speech`` (WAV, 16 kHz mono) and ``sound`` (FLAC) in one pass.

    Sample ``n`` of either file stands at ``n / rate`` seconds on the clock of the picture.

    Parameters
    ----------
    path : a media file with sound.
    speech, sound : the files to write.
    stream : index of the track in the file; None is the one that probing chooses.
    duration : seconds of the media, for progress.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoAudioStream
    """
    with Sound(path, stream) as track:
        channels = track.channels if track.channels <= MAX_FLAC_CHANNELS else 1
        rate = track.rate if track.rate <= _MAX_FLAC_RATE else 48000
        with open_wav(speech, SPEECH_RATE) as wav, open_flac(sound, rate, channels) as flac:
            seconds = _write(track, wav, flac, rate, channels, duration, progress)
        warnings = []
        if channels < track.channels:
            warnings.append(f"the {track.channels} channels were mixed into one")
        if track.invalid:
            warnings.append(f"{track.invalid} samples were no sound (NaN or beyond all bounds)")
    progress(_DECODED)
    loudness = measure_loudness(
        sound, progress=lambda share: progress(_DECODED + (1 - _DECODED) * share)
    )
    progress(1.0)
    return Extracted(rate, channels, seconds, loudness, tuple(warnings))


def _write(
    track: Sound,
    wav: WavWriter,
    flac: FlacWriter,
    rate: int,
    channels: int,
    duration: float | None,
    progress: Progress,
) -> float:
    """Write the whole track to both files; how many seconds it lasts."""
    to_speech = Resampler(track.rate, SPEECH_RATE, 1)
    to_sound = Resampler(track.rate, rate, channels)
    count, reported = 0, 0.0
    for piece in track.pieces():
        mixed = track.mix(piece)
        for samples in to_speech.push(mixed):
            wav.write(samples)
        for samples in to_sound.push(piece if channels > 1 else mixed):
            flac.write(_rows(samples))
        count += len(piece)
        seconds = count / track.rate
        if duration and seconds - reported >= _REPORT_S:
            progress(min(1.0, seconds / duration) * _DECODED)
            reported = seconds
    for samples in to_speech.finish():
        wav.write(samples)
    for samples in to_sound.finish():
        flac.write(_rows(samples))
    if count and not wav.frames:  # a sound shorter than one sample of speech is still a sound
        wav.write(np.zeros(1, np.float32))
    return count / track.rate


def _rows(samples: Samples) -> Samples:
    return samples[:, np.newaxis] if samples.ndim == 1 else samples


def _run(work: Work) -> Outcome:
    chosen = work.info.audio_index
    if "source" in work.inputs:  # where another track may have been asked for
        chosen = work.inputs["source"].facts["media"]["audio_index"]
    if chosen is None:
        raise NoAudioStream(work.name or work.media.name)
    found = extract_audio(
        work.media,
        work.out / "speech.wav",
        work.out / "sound.flac",
        stream=chosen,
        duration=work.info.duration,
        progress=work.progress,
    )
    return Outcome(
        {
            "loudness": asdict(found.loudness),
            "sample_rate": found.sample_rate,
            "channels": found.channels,
            "duration": found.duration,
            "durations": {"speech.wav": found.duration, "sound.flac": found.duration},
        },
        found.warnings,
    )


AUDIO = Stage(
    name="audio",
    group="speech",
    description="The sound as 16 kHz mono WAV for speech and at its original rate and channels as "
    "FLAC, on the clock of the picture, with its loudness by EBU R 128.",
    version="1",
    params=Params,
    outputs=(MediaOutput("speech.wav"), MediaOutput("sound.flac")),
    run=_run,
    inputs=("source",),
    kinds=("wav", "flac"),
    pool="decode",
)
