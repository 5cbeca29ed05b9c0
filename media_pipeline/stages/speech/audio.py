"""The sound of a media item, once for all who listen: 16 kHz mono for speech, the original rate and
channels for everything else, and how loud it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from media_pipeline.asr.base import WHOLE, Span
from media_pipeline.asr.sound import Samples as SpeechSound
from media_pipeline.asr.sound import map_wav
from media_pipeline.errors import NoAudioStream, NothingToDo
from media_pipeline.media.audio import Loudness, Resampler, Samples, Sound, measure_loudness
from media_pipeline.media.wav import MAX_FLAC_CHANNELS, FlacWriter, WavWriter, open_flac, open_wav
from media_pipeline.stages.base import (
    Artifact,
    MediaOutput,
    Outcome,
    Progress,
    Stage,
    StageParams,
    Work,
    quiet,
    raise_reason,
)

SPEECH_RATE = 16000
_REPORT_S = 10.0
_MAX_FLAC_RATE = 655_350
_DECODED = 0.7
"""Share of the work that is done when both files are written; the rest measures loudness."""


class Params(StageParams):
    """The sound is taken as it is; only a part of it may be asked for."""

    start: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="read the sound from this second on; silence stands for what is before",
    )
    duration: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="read so many seconds; empty for all the rest",
    )

    @property
    def window(self) -> Span:
        """What is read: seconds of the film."""
        return self.start, math.inf if self.duration is None else self.start + self.duration


@dataclass(frozen=True)
class Extracted:
    """What :func:`extract_audio` wrote."""

    sample_rate: int
    channels: int
    duration: float
    """Seconds of the written files, from the container's start time."""
    loudness: Loudness
    warnings: tuple[str, ...] = ()


def listen(audio: Artifact) -> tuple[SpeechSound, Span]:
    """The 16 kHz mono sound of an ``audio`` artifact, and the seconds of it that were read.

    Raises
    ------
    Unavailable
        of the kind that left the artifact empty.
    """
    raise_reason(audio)
    return map_wav(audio.path("speech.wav")), (audio.facts.get("start", 0.0), math.inf)


def extract_audio(
    path: Path,
    speech: Path,
    sound: Path,
    *,
    stream: int | None = None,
    window: Span = WHOLE,
    duration: float | None = None,
    progress: Progress = quiet,
) -> Extracted:
    """Write a sound track as ``speech`` (WAV, 16 kHz mono) and ``sound`` (FLAC) in one pass.

    Sample ``n`` of either file stands at ``n / rate`` seconds on the clock of the picture, also
    where only a part is read: both are silent before it, and end with it.

    Parameters
    ----------
    path : a media file with sound.
    speech, sound : the files to write.
    stream : index of the track in the file; None is the one that probing chooses.
    window : the seconds to read; nothing else is decoded where the format can be searched.
    duration : seconds of the media, for progress.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoAudioStream
    """
    with Sound(path, stream, start=window[0]) as track:
        channels = track.channels if track.channels <= MAX_FLAC_CHANNELS else 1
        rate = track.rate if track.rate <= _MAX_FLAC_RATE else 48000
        with open_wav(speech, SPEECH_RATE) as wav, open_flac(sound, rate, channels) as flac:
            seconds = _write(track, window, wav, flac, rate, channels, duration, progress)
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
    window: Span,
    wav: WavWriter,
    flac: FlacWriter,
    rate: int,
    channels: int,
    duration: float | None,
    progress: Progress,
) -> float:
    """Write a window of the track to both files; how many seconds they last."""
    to_speech = Resampler(track.rate, SPEECH_RATE, 1)
    to_sound = Resampler(track.rate, rate, channels)
    count, reported = 0, 0.0
    for piece in _within(track, window):
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


def _within(track: Sound, window: Span) -> Iterator[Samples]:
    """Silence up to the window, then the track to the window's end; (n, channels) at its rate."""
    start, end = (math.inf if t == math.inf else round(t * track.rate) for t in window)
    at = 0
    while at < start:
        count = min(int(start) - at, track.rate)
        yield np.zeros((count, track.channels), np.float32)
        at += count
    for piece in track.pieces():
        part = piece if at + len(piece) <= end else piece[: int(end) - at]
        yield part
        at += len(piece)
        if at >= end:
            return


def _rows(samples: Samples) -> Samples:
    return samples[:, np.newaxis] if samples.ndim == 1 else samples


def _run(work: Work) -> Outcome:
    chosen = work.info.audio_index
    if "source" in work.inputs:  # where another track may have been asked for
        chosen = work.inputs["source"].facts["media"]["audio_index"]
    if chosen is None:
        raise NoAudioStream(work.name or work.media.name)
    window = work.params.window
    if window[0] >= work.info.duration:
        raise NothingToDo(
            f"{work.name or work.media.name} ends at {work.info.duration:.1f} s, before the "
            f"{window[0]:.1f} s to listen from",
            "ask for an earlier start",
        )
    found = extract_audio(
        work.media,
        work.out / "speech.wav",
        work.out / "sound.flac",
        stream=chosen,
        window=window,
        duration=work.info.duration,
        progress=work.progress,
    )
    return Outcome(
        {
            "loudness": asdict(found.loudness),
            "sample_rate": found.sample_rate,
            "channels": found.channels,
            "duration": found.duration,
            "start": window[0],
            "durations": {"speech.wav": found.duration, "sound.flac": found.duration},
        },
        found.warnings,
    )


AUDIO = Stage(
    name="audio",
    group="speech",
    description="The sound as 16 kHz mono WAV for speech and at its original rate and channels as "
    "FLAC, on the clock of the picture, with its loudness by EBU R 128.",
    version="2",
    params=Params,
    outputs=(MediaOutput("speech.wav"), MediaOutput("sound.flac")),
    run=_run,
    inputs=("source",),
    kinds=("wav", "flac"),
    pool="decode",
)
