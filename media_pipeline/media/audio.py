"""Sound out of any media file, on the same clock as its picture, and WAV files in and out.

Sample ``n`` stands at ``n / rate`` seconds from the container's start time: silence fills a late start and gaps in
the timestamps, and what comes before time zero is cut off.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import NotMedia
from media_pipeline.media import ffmpeg
from media_pipeline.media.container import (
    AV_TIME_BASE,
    audio_stream,
    container_start,
    open_media,
)
from media_pipeline.media.files import atomic_path

Samples = NDArray[np.float32]
"""(n,) for mono, (n, channels) else; full scale is 1.0."""

_GAP_S = 0.02
"""Timestamps that differ by less from the count of samples are rounding, not gaps."""
_SEEK_FROM_S = 10.0
_UNSEARCHABLE = frozenset("mp3 aac ac3 eac3 dts loas amr".split())
"""Formats whose times after a seek are guesses: they are decoded from their start."""
_SILENCE_S = 1.0
_PCM16 = 32768.0


@dataclass(frozen=True, slots=True)
class Loudness:
    """Programme loudness by EBU R 128 / ITU-R BS.1770-4. Silence is -70 LUFS."""

    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float


@dataclass(frozen=True, slots=True)
class WavInfo:
    """The header of a WAV file."""

    rate: int
    channels: int
    frames: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.rate


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
    start, end : seconds from the container's start time; sample 0 of the result stands at ``start``.
    stream : index of the sound track in the file; None is the one that probing chooses.

    Returns
    -------
    (n,) float32 when mono, (n, channels) else. It ends where the track ends, if that is before ``end``.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia, NoAudioStream
    """
    blocks = list(_blocks(Path(path), rate, mono, max(0.0, start), stream, end))
    if not blocks:
        return np.zeros(0 if mono else (0, 1), np.float32)
    return np.concatenate(blocks)


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
    size: int | None = None
    waiting: list[Samples] = []
    count = 0
    source = _Source(Path(path), rate, mono, 0.0, stream)
    for samples in source.samples(None):
        size = size or max(1, round(block_s * source.rate))
        waiting.append(samples)
        count += len(samples)
        while count >= size:
            joined = np.concatenate(waiting)
            yield joined[:size]
            waiting, count = [joined[size:]], count - size
    if count:
        yield np.concatenate(waiting)


def _blocks(
    path: Path, rate: int, mono: bool, start: float, stream: int | None, end: float | None
) -> Iterator[Samples]:
    wanted = None if end is None else max(0, round((end - start) * rate))
    for samples in _Source(path, rate, mono, start, stream).samples(end):
        if wanted is not None and len(samples) >= wanted:
            yield samples[:wanted]
            return
        wanted = None if wanted is None else wanted - len(samples)
        yield samples


class _Source:
    """One decode pass over a sound track: decode, put on the clock, then resample."""

    def __init__(
        self, path: Path, rate: int | None, mono: bool, start: float, stream: int | None
    ) -> None:
        self._path, self._mono, self._start, self._index = path, mono, start, stream
        self.rate = rate or 0

    def samples(self, end: float | None) -> Iterator[Samples]:
        """Samples from ``start`` on, (n,) or (n, channels), in small pieces."""
        with open_media(self._path) as container:
            stream = audio_stream(container, self._path.name, self._index)
            stream.thread_type = "AUTO"
            context = stream.codec_context
            native, layout = context.sample_rate, "mono" if self._mono else context.layout.name
            self.rate = self.rate or native
            resampler = None
            if native != self.rate:
                resampler = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
            origin = container_start(container) + self._start
            self._seek(container)
            last = None if end is None else round((end - self._start) * native)
            for piece in self._on_clock(container, stream, layout, native, origin, last):
                if resampler is None:
                    yield _shaped(piece, self._mono)
                    continue
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
                frame.sample_rate = native
                for out in resampler.resample(frame):
                    yield _shaped(out.to_ndarray(), self._mono)
            for out in resampler.resample(None) if resampler is not None else ():
                yield _shaped(out.to_ndarray(), self._mono)

    def _seek(self, container: av.container.InputContainer) -> None:
        if self._start < _SEEK_FROM_S or container.format.name in _UNSEARCHABLE:
            return
        # Codecs need some packets before the wanted one, and resamplers some samples.
        target = self._start - 1.0 + container_start(container)
        container.seek(int(target * AV_TIME_BASE))

    def _on_clock(
        self,
        container: av.container.InputContainer,
        stream: av.AudioStream,
        layout: str,
        native: int,
        origin: float,
        last: int | None,
    ) -> Iterator[NDArray[np.float32]]:
        """Samples (channels, n) at the track's rate; the first one stands at ``origin``."""
        position = 0
        for time, samples in _decoded(container, stream, layout, native):
            begin = position if time is None else round((time - origin) * native)
            if abs(begin - position) <= _GAP_S * native and position:
                begin = position
            while begin > position:
                count = min(begin - position, round(_SILENCE_S * native))
                if last is not None and position >= last:
                    return
                yield np.zeros((samples.shape[0], count), np.float32)
                position += count
            fresh = samples[:, position - begin :] if begin < position else samples
            if fresh.shape[1] == 0:
                continue
            position += fresh.shape[1]
            yield np.ascontiguousarray(fresh)
            # A second more than is wanted feeds the resampler's filter.
            if last is not None and position > last + native:
                return


def _decoded(
    container: av.container.InputContainer, stream: av.AudioStream, layout: str, rate: int
) -> Iterator[tuple[float | None, NDArray[np.float32]]]:
    """Decoded pieces as (time or None, (channels, n) float32); damaged packets are left out, so they become gaps."""
    mixer, kind = None, None
    count = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            break  # a fault of the container: nothing comes after it
        if packet is None:
            break
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            form = (frame.format.name, frame.layout.name, frame.sample_rate)
            if mixer is None or form != kind:
                mixer, kind = av.AudioResampler(format="fltp", layout=layout, rate=rate), form
            time = None
            if frame.pts is not None and frame.time_base is not None:
                time = float(frame.pts * frame.time_base)
            for mixed in mixer.resample(frame):
                yield time, mixed.to_ndarray()
                count += 1
                time = None
    if not count:
        name = Path(container.name.removeprefix("file:")).name
        raise NotMedia(name, "its sound cannot be decoded")


def _shaped(samples: NDArray[np.float32], mono: bool) -> Samples:
    return samples[0] if mono else np.ascontiguousarray(samples.T)


class WavWriter:
    """Writes 16-bit PCM WAV block by block; made by :func:`open_wav`."""

    def __init__(self, file: wave.Wave_write) -> None:
        self._file = file
        self.frames = 0

    def write(self, samples: Samples) -> None:
        """Append samples, (n,) or (n, channels); what is beyond full scale is clipped."""
        pcm = np.clip(np.rint(samples * _PCM16), -_PCM16, _PCM16 - 1).astype("<i2")
        self._file.writeframesraw(pcm.tobytes())
        self.frames += len(samples)


@contextmanager
def open_wav(path: Path, rate: int, channels: int = 1) -> Iterator[WavWriter]:
    """A 16-bit PCM WAV file to write to, whole or not at all."""
    with atomic_path(Path(path)) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        yield WavWriter(file)


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    """Write samples, (n,) or (n, channels) with full scale 1.0, as 16-bit PCM, whole or not at all."""
    with open_wav(path, rate, 1 if samples.ndim == 1 else samples.shape[1]) as writer:
        writer.write(samples)


def wav_info(path: Path) -> WavInfo:
    """The rate, channels and number of sample frames of a PCM WAV file.

    Raises
    ------
    NotMedia
        when it is none.
    """
    try:
        with wave.open(str(path), "rb") as file:
            return WavInfo(file.getframerate(), file.getnchannels(), file.getnframes())
    except (wave.Error, EOFError) as error:
        raise NotMedia(Path(path).name, str(error) or "no WAV file") from error


def measure_loudness(path: Path, stream: int | None = None) -> Loudness:
    """Measure a sound track as ffmpeg's ``ebur128`` filter does, streaming.

    Parameters
    ----------
    path : a media file with sound.
    stream : index of the sound track in the file; None is the one that probing chooses.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoAudioStream, EncodeFailed

    References
    ----------
    EBU R 128; EBU Tech 3342 (loudness range); ITU-R BS.1770-4 (gated loudness, true peak).
    """
    path = Path(path)
    with open_media(path) as container:
        stream = audio_stream(container, path.name, stream).index
    report = ffmpeg.run(
        [
            *("-nostats", "-i", ffmpeg.source(path), "-map", f"0:{stream}"),
            *("-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"),
        ]
    )
    summary = report[report.rindex("Summary:") :]

    def value(label: str) -> float:
        match = re.search(rf"{label}:\s+(-?[\d.]+|-?inf|nan)", summary)
        number = float(match.group(1)) if match else float("-inf")
        return max(number, -70.0) if np.isfinite(number) else -70.0

    return Loudness(value("I"), max(0.0, value("LRA")), value("Peak"))
