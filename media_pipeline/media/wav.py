"""Writing sound block by block, whole or not at all: 16-bit PCM WAV and lossless FLAC."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import NotMedia
from media_pipeline.media.files import atomic_path

_PCM16 = 32768.0
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
MAX_FLAC_CHANNELS = 8


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


class WavWriter:
    """Writes 16-bit PCM WAV block by block; made by :func:`open_wav`."""

    def __init__(self, file: wave.Wave_write) -> None:
        self._file = file
        self.frames = 0

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append samples, (n,) or (n, channels); what is beyond full scale is clipped."""
        self._file.writeframesraw(_pcm16(samples).tobytes())
        self.frames += len(samples)


@contextmanager
def open_wav(path: Path, rate: int, channels: int = 1) -> Iterator[WavWriter]:
    """A 16-bit PCM WAV file to write to, whole or not at all."""
    with atomic_path(Path(path)) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        yield WavWriter(file)


def write_wav(path: Path, samples: NDArray[np.float32], rate: int) -> None:
    """Write samples, (n,) or (n, channels) with full scale 1.0, as 16-bit PCM."""
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


class FlacWriter:
    """Writes FLAC block by block; made by :func:`open_flac`."""

    def __init__(self, container: av.container.OutputContainer, rate: int, channels: int) -> None:
        self._container = container
        self._layout = _LAYOUTS[channels]
        self._stream: Any = container.add_stream("flac", rate=rate, layout=self._layout)
        self._stream.format = "s16"
        self.frames = 0

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append samples, (n, channels); what is beyond full scale is clipped."""
        if not len(samples):
            return
        packed = _pcm16(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=self._layout)
        frame.sample_rate = self._stream.sample_rate
        frame.pts = self.frames
        self.frames += len(samples)
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))


@contextmanager
def open_flac(path: Path, rate: int, channels: int) -> Iterator[FlacWriter]:
    """A 16-bit FLAC file of 1 to 8 channels to write to, whole or not at all."""
    with (
        atomic_path(Path(path)) as temporary,
        av.open(f"file:{temporary}", "w", format="flac") as container,
    ):
        writer = FlacWriter(container, rate, channels)
        yield writer
        writer.finish()


def _pcm16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    pcm: NDArray[np.int16] = np.clip(np.rint(samples * _PCM16), -_PCM16, _PCM16 - 1).astype("<i2")
    return pcm
