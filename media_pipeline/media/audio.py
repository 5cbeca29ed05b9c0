"""Sound out of any media file, on the same clock as its picture.

Sample ``n`` stands at ``n / rate`` seconds from the container's start time: silence fills a late
start and gaps in the timestamps, and what comes before time zero is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from media_pipeline.errors import NotMedia
from media_pipeline.media import ffmpeg
from media_pipeline.media.container import (
    AV_TIME_BASE,
    audio_stream,
    container_start,
    open_media,
)
from media_pipeline.media.wav import WavInfo, wav_info, write_wav

__all__ = [
    "Loudness",
    "Resampler",
    "Samples",
    "Sound",
    "WavInfo",
    "iter_audio",
    "measure_loudness",
    "read_audio",
    "wav_info",
    "write_wav",
]

Samples = NDArray[np.float32]
"""(n,) for mono, (n, channels) else; full scale is 1.0."""

_GAP_S = 0.02
"""Timestamps that differ by less from the count of samples are rounding, not gaps."""
_SEEK_FROM_S = 10.0
_UNSEARCHABLE = frozenset(("mp3", "aac", "ac3", "eac3", "dts", "loas", "amr"))
"""Formats whose times after a seek are guesses: they are decoded from their start."""
_SILENCE_S = 1.0
_WILDEST = 100.0  # times full scale: 40 dB over it is no sound
_SILENT_LUFS = -70.0
# ITU-R BS.775-3: centre at -3 dB, surrounds at -3 dB of their side, no low-frequency effects.
_MIX = {"FL": 0.5, "FR": 0.5, "FC": 0.7071, "LFE": 0.0, "LFE2": 0.0}
_MIX_OTHER = 0.3536


@dataclass(frozen=True, slots=True)
class Loudness:
    """Programme loudness by EBU R 128 / ITU-R BS.1770-4. Silence is -70 LUFS."""

    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float


def read_audio(
    path: Path,
    *,
    rate: int = 16000,
    mono: bool = True,
    start: float = 0.0,
    end: float | None = None,
    stream: int | None = None,
) -> Samples:
    """Sound between two times as one array.

    Parameters
    ----------
    path : a media file with sound.
    rate : samples per second of the result.
    mono : mix all channels into one.
    start, end : seconds from the container's start time; sample 0 of the result stands at
        ``start``.
    stream : index of the sound track in the file; None is the one that probing chooses.

    Returns
    -------
    (n,) float32 when mono, (n, channels) else. It ends where the track ends, if that is before
    ``end``.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia, NoAudioStream
    """
    start = max(0.0, start)
    wanted = None if end is None else max(0, round((end - start) * rate))
    blocks: list[Samples] = []
    count = 0
    with Sound(Path(path), stream, start=start) as sound:
        for samples in sound.samples(rate, mono):
            blocks.append(samples)
            count += len(samples)
            if wanted is not None and count >= wanted:
                break
        joined = np.concatenate(blocks) if blocks else _nothing(mono, sound.channels)
    return joined[:wanted]


def iter_audio(
    path: Path,
    *,
    rate: int | None = 16000,
    mono: bool = True,
    block_s: float = 10.0,
    stream: int | None = None,
) -> Iterator[Samples]:
    """Sound in blocks of ``block_s`` seconds (the last one is shorter), in bounded memory.

    As :func:`read_audio` otherwise; ``rate`` None keeps the track's own.
    """
    with Sound(Path(path), stream) as sound:
        rate = rate or sound.rate
        size = max(1, round(block_s * rate))
        waiting: list[Samples] = []
        count = 0
        for samples in sound.samples(rate, mono):
            waiting.append(samples)
            count += len(samples)
            if count < size:
                continue
            joined = np.concatenate(waiting)
            whole = count // size * size
            for first in range(0, whole, size):
                yield joined[first : first + size]
            waiting, count = [joined[whole:]], count - whole
        if count:
            yield np.concatenate(waiting)


def _nothing(mono: bool, channels: int) -> Samples:
    return np.zeros(0 if mono else (0, channels), np.float32)


class Sound:
    """One decode pass over a sound track, a context manager.

    Parameters
    ----------
    path : a media file with sound.
    stream : index of the track in the file; None is the one that probing chooses.
    start : seconds from the container's start time at which the first sample stands.
    """

    def __init__(self, path: Path, stream: int | None = None, *, start: float = 0.0) -> None:
        self._path, self._start = path, start
        self._opened = open_media(path)
        self._container: InputContainer = self._opened.__enter__()
        try:
            self._stream = audio_stream(self._container, path.name, stream)
        except BaseException:
            self._container.close()
            raise
        context = self._stream.codec_context
        context.thread_type = "AUTO"
        self.index = self._stream.index
        self.rate: int = context.sample_rate
        self.channels: int = context.channels
        self._layout = context.layout
        self.invalid = 0
        """Samples that were no numbers, or beyond all bounds; they were made silent or cut off."""

    def __enter__(self) -> Sound:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def samples(self, rate: int, mono: bool) -> Iterator[Samples]:
        """Small pieces of the track, mixed and resampled."""
        resampler = Resampler(self.rate, rate, 1 if mono else self.channels)
        for piece in self.pieces():
            yield from resampler.push(self.mix(piece) if mono else piece)
        yield from resampler.finish()

    def mix(self, samples: Samples) -> Samples:
        """All channels as one: (n, channels) to (n,). It cannot exceed full scale."""
        if self.channels == 1:
            return samples[:, 0]
        names = [channel.name for channel in self._layout.channels]
        weights = np.array([_MIX.get(name, _MIX_OTHER) for name in names], np.float32)
        if not weights.any():
            weights[:] = 1.0
        mixed: Samples = samples @ (weights / weights.sum())
        return mixed

    def pieces(self) -> Iterator[Samples]:
        """Small pieces (n, channels) at the track's own rate, without gap from ``start`` on."""
        self._seek()
        origin = container_start(self._container) + self._start
        position, last = 0, self._last()
        for time, samples in self._decoded():
            begin = position if time is None else round((time - origin) * self.rate)
            if position and abs(begin - position) <= _GAP_S * self.rate:
                begin = position
            while begin > position:
                count = min(begin - position, round(_SILENCE_S * self.rate))
                yield np.zeros((count, self.channels), np.float32)
                position += count
            fresh = samples[position - begin :]
            if last is not None:
                fresh = fresh[: max(0, last - position)]
            if len(fresh):
                position += len(fresh)
                yield fresh

    def _last(self) -> int | None:
        """Where ISO files say that the track ends, before the padding of its last packet."""
        stream = self._stream
        if "mp4" not in self._container.format.name or not (stream.duration and stream.time_base):
            return None
        end = float(((stream.start_time or 0) + stream.duration) * stream.time_base)
        return round((end - container_start(self._container) - self._start) * self.rate)

    def _seek(self) -> None:
        container = self._container
        if self._start < _SEEK_FROM_S or container.format.name in _UNSEARCHABLE:
            return
        # Codecs need some packets before the wanted one.
        target = self._start - 1.0 + container_start(container)
        container.seek(int(target * AV_TIME_BASE))

    def _decoded(self) -> Iterator[tuple[float | None, Samples]]:
        """Pieces with their times; damaged packets are left out, so they become gaps."""
        converter, form = None, None
        nothing = True
        for frame in self._frames():
            current = (frame.format.name, frame.layout.name, frame.sample_rate)
            if converter is None or current != form:
                form = current
                converter = av.AudioResampler(format="flt", layout=self._layout, rate=self.rate)
            time = None
            if frame.pts is not None and frame.time_base is not None:
                time = float(frame.pts * frame.time_base)
            for converted in converter.resample(frame):
                packed = self._sane(converted.to_ndarray().astype(np.float32, copy=False))
                yield time, packed.reshape(-1, self.channels)
                time, nothing = None, False
        if nothing and self._start == 0:
            raise NotMedia(self._path.name, "its sound cannot be decoded")

    def _sane(self, samples: Samples) -> Samples:
        """Sound without what is no number: one such sample would spoil all that is summed up."""
        wild = ~(np.abs(samples) <= _WILDEST)
        if not wild.any():
            return samples
        self.invalid += int(wild.sum())
        return np.clip(np.nan_to_num(samples), -1.0, 1.0)

    def _frames(self) -> Iterator[av.AudioFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                return  # a fault of the container: nothing comes after it
            if packet is None:
                return
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            yield from frames


class Resampler:
    """Changes the rate of a stream of samples without shifting it in time."""

    def __init__(self, rate: int, to: int, channels: int) -> None:
        self._rate, self._channels = rate, channels
        self._dimensions = 1 if channels == 1 else 2
        self._layout = f"{channels}c" if channels > 2 else ("mono", "stereo")[channels - 1]
        self._resampler = None
        if rate != to:
            self._resampler = av.AudioResampler(format="flt", layout=self._layout, rate=to)

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Resample a piece, (n,) or (n, channels); the last samples wait for the next piece."""
        if self._resampler is None:
            yield samples
            return
        self._dimensions = samples.ndim
        packed = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=self._layout)
        frame.sample_rate = self._rate
        for out in self._resampler.resample(frame):
            yield self._shaped(out, samples.ndim)

    def finish(self) -> Iterator[Samples]:
        """What still waits."""
        if self._resampler is not None:
            for out in self._resampler.resample(None):
                yield self._shaped(out, self._dimensions)

    def _shaped(self, frame: av.AudioFrame, dimensions: int) -> Samples:
        packed = frame.to_ndarray().astype(np.float32, copy=False)
        return packed.reshape(-1) if dimensions == 1 else packed.reshape(-1, self._channels)


def measure_loudness(
    path: Path, stream: int | None = None, *, progress: Callable[[float], None] | None = None
) -> Loudness:
    """Measure a sound track as ffmpeg's ``ebur128`` filter does, streaming.

    Parameters
    ----------
    path : a media file with sound.
    stream : index of the sound track in the file; None is the one that probing chooses.
    progress : called with the share that is done, from 0 to 1.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoAudioStream, EncodeFailed

    References
    ----------
    EBU R 128; EBU Tech 3342 (loudness range); ITU-R BS.1770-4 (gated loudness, true peak).
    """
    path = Path(path)
    with open_media(path) as container:
        index = audio_stream(container, path.name, stream).index
        duration = (container.duration or 0) / AV_TIME_BASE
    report = ffmpeg.run(
        [
            *("-nostats", "-i", ffmpeg.source(path), "-map", f"0:{index}"),
            *("-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"),
        ],
        duration=duration,
        progress=progress,
    )
    summary = report[report.rindex("Summary:") :]

    def value(label: str) -> float:
        match = re.search(rf"\b{label}:\s+(-?[\d.]+)", summary)
        return max(float(match.group(1)), _SILENT_LUFS) if match else _SILENT_LUFS

    return Loudness(value("I"), max(0.0, value("LRA")), value("Peak"))
