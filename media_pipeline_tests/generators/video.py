"""Moving pictures with known truth, and the files that go wrong.

Every generator writes one file and returns what is true of it. Pictures are small and coded fast.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.ffmpeg import ffmpeg_path, source
from media_pipeline.media.wav import write_wav

Picture = NDArray[np.uint8]

_CLOCK = 90_000
_BITS = 12


def ffmpeg(*args: str | Path) -> None:
    """Run ffmpeg quietly; a Path becomes a ``file:`` name."""
    texts = [source(a) if isinstance(a, Path) else a for a in args]
    subprocess.run([ffmpeg_path(), "-v", "error", "-nostdin", "-y", *texts], check=True)


def write_video(
    path: Path,
    pictures: Iterable[Picture],
    *,
    fps: float = 25.0,
    times: Sequence[float] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    crf: int = 12,
    gop: int = 25,
) -> None:
    """Encode BGR pictures, at ``times`` seconds where given (variable frame rate)."""
    with av.open(source(path), "w") as container:
        stream = None
        for index, picture in enumerate(pictures):
            if stream is None:
                stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
                stream.width, stream.height = picture.shape[1], picture.shape[0]
                stream.pix_fmt = pixels
                stream.gop_size = gop
                if codec == "libx264":
                    stream.options = {"preset": "ultrafast", "crf": str(crf), "bf": "2"}
                stream.codec_context.time_base = Fraction(1, _CLOCK)
                stream.time_base = Fraction(1, _CLOCK)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            time = times[index] if times is not None else index / fps
            frame.pts, frame.time_base = round(time * _CLOCK), Fraction(1, _CLOCK)
            container.mux(stream.encode(frame))
        assert stream is not None
        container.mux(stream.encode(None))


# --- pictures that say which they are
# ---------------------------------------------------------------


def numbered(index: int, width: int = 320, height: int = 180) -> Picture:
    """A picture with its number in binary, as black and white columns over its full height."""
    picture = np.full((height, width, 3), 60, np.uint8)
    for bit in range(_BITS):
        left, right = bit * width // _BITS, (bit + 1) * width // _BITS
        picture[:, left:right] = 230 if index >> bit & 1 else 20
    return picture


def read_number(luma: Picture) -> int:
    """The number of a picture of :func:`numbered`, from its luma."""
    width = luma.shape[1]
    middles = [(2 * bit + 1) * width // (2 * _BITS) for bit in range(_BITS)]
    row = luma[luma.shape[0] // 2]
    return sum(1 << bit for bit, x in enumerate(middles) if row[x] > 125)


CORNERS = {"top left": (0, 0, 255), "top right": (0, 255, 0), "bottom left": (255, 0, 0)}
"""Colours (BGR) of the corners of :func:`cornered`; the fourth stays grey."""


def cornered(width: int = 320, height: int = 180) -> Picture:
    """A grey picture with a square of another colour in three corners."""
    picture = np.full((height, width, 3), 120, np.uint8)
    side = min(width, height) // 3
    picture[:side, :side] = CORNERS["top left"]
    picture[:side, -side:] = CORNERS["top right"]
    picture[-side:, :side] = CORNERS["bottom left"]
    return picture


def scene(seed: int, width: int = 320, height: int = 180) -> Callable[[int], Picture]:
    """A scene as a function of the frame number: a textured ground that drifts, and things that
    move."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (5, 8, 3)).astype(np.uint8)
    ground = cv2.resize(small, (width + 64, height + 64), interpolation=cv2.INTER_CUBIC)
    # Scenes of one brightness and one layout would hide the cuts between them.
    ground = cv2.convertScaleAbs(ground, alpha=0.8, beta=float(rng.integers(0, 50)))
    things = [
        (rng.uniform(0, 1, 2), rng.uniform(-1, 1, 2), rng.integers(0, 256, 3)) for _ in "1234"
    ]

    def picture(index: int) -> Picture:
        x, y = 32 + round(20 * np.sin(index / 40)), 32 + round(20 * np.cos(index / 55))
        view = ground[y : y + height, x : x + width].copy()
        for place, speed, colour in things:
            centre = (place + speed * index / 200) % 1.0 * (width, height)
            cv2.circle(view, tuple(map(int, centre)), height // 12, colour.tolist(), -1)
        return view

    return picture


@dataclass(frozen=True)
class Film:
    """A film of several scenes and what was planted in it."""

    path: Path
    duration: float
    cuts: tuple[float, ...]
    """Times of the first frames after hard cuts."""
    dissolves: tuple[float, ...]
    """Times of the middles of dissolves."""


def write_film(
    path: Path,
    parts: Sequence[tuple[float, float]],
    *,
    fps: float = 25.0,
    seed: int = 7,
    size: tuple[int, int] = (320, 180),
    extra: Callable[[int, Picture], Picture] | None = None,
) -> Film:
    """Scenes one after the other; each part is (seconds, seconds of the dissolve into it, 0 for a
    cut).

    ``extra`` may change each picture, given its number.
    """
    pictures: list[Picture] = []
    cuts, dissolves = [], []
    for number, (seconds, mix) in enumerate(parts):
        show = scene(seed * 100 + number, *size)
        first, count = len(pictures), round(seconds * fps)
        blend = round(mix * fps) if number else 0
        if number and not blend:
            cuts.append(first / fps)
        if blend:
            dissolves.append((first - blend / 2) / fps)
            for step in range(blend):
                at = first - blend + step
                share = (step + 0.5) / blend
                pictures[at] = cv2.addWeighted(pictures[at], 1 - share, show(step), share, 0)
        pictures += [show(blend + i) for i in range(count)]
    if extra is not None:
        pictures = [extra(i, p) for i, p in enumerate(pictures)]
    write_video(path, pictures, fps=fps)
    return Film(path, len(pictures) / fps, tuple(cuts), tuple(dissolves))


# --- whole files
# ------------------------------------------------------------------------------------


def write_clip(
    path: Path, seconds: float = 2.0, *, sound: bool = True, size: str = "320x180"
) -> Path:
    """Numbered pictures at 25 fps with a tone; H.264 and AAC, its index at the end of the file."""
    width, height = map(int, size.split("x"))
    silent = path.with_name("silent-" + path.name) if sound else path
    write_video(silent, (numbered(i, width, height) for i in range(round(seconds * 25))))
    if sound:
        tone = ("-f", "lavfi", "-t", str(seconds), "-i", "sine=440:sample_rate=44100")
        ffmpeg("-i", silent, *tone, "-c:v", "copy", "-c:a", "aac", path)
        silent.unlink()
    return path


def rotate_by_metadata(video: Path, path: Path, counterclockwise: int, *options: str) -> Path:
    """The same coded pictures with a display matrix, as phones write it."""
    ffmpeg("-display_rotation", str(counterclockwise), *options, "-i", video, "-c", "copy", path)
    return path


def vfr_times(count: int, seed: int = 3) -> list[float]:
    """Uneven times of frames on a clock of 1/90000 s, from 15 to 60 a second, with one long
    pause."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([1 / 60, 1 / 50, 1 / 30, 1 / 25, 1 / 15], count)
    steps[count // 2] = 0.8
    times = np.concatenate([[0.0], np.cumsum(steps[:-1])])
    return [round(t * _CLOCK) / _CLOCK for t in times.tolist()]


def tone_bursts(
    path: Path, starts: Sequence[float], seconds: float, *, rate: int = 48000, channels: int = 2
) -> Path:
    """A WAV with a click of one sample at each of ``starts`` seconds."""
    samples = np.zeros((round(seconds * rate), channels), np.float32)
    for start in starts:
        samples[round(start * rate)] = 0.9
    write_wav(path, samples, rate)
    return path


# --- the files that go wrong
# ------------------------------------------------------------------------

HOSTILE_NAMES = (
    "with spaces.mp4",
    'it\'s "quoted".mp4',
    "line\nbreak.mp4",
    "emoji 🎬 和中文.mp4",
    "-i -dash.mp4",
    "100% %03d %s.mp4",
    "http:colon:1.mp4",
    "back\\slash;semi&$(x).mp4",
    "#hash[1],comma='x'.mp4",
)


def write_empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def write_text(path: Path) -> Path:
    path.write_text("This is no video.\n" * 200, encoding="utf-8")
    return path


def truncate(video: Path, path: Path, share: float = 0.6) -> Path:
    """The first part of a file's bytes."""
    data = video.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def faststart(video: Path, path: Path) -> Path:
    """The same file with its index at the start."""
    ffmpeg("-i", video, "-c", "copy", "-movflags", "+faststart", path)
    return path


def write_zero_length(clip: Path, path: Path) -> Path:
    """An MP4 whose only stream lasts no time."""
    ffmpeg("-i", clip, "-vn", "-t", "0", "-c", "copy", path)
    return path


def write_no_stream(path: Path) -> Path:
    """An MP4 that ended before its first frame, without any stream."""
    ffmpeg("-f", "lavfi", "-i", "sine=440", "-t", "0", "-c:a", "aac", path)
    return path


def write_pixel(path: Path) -> Path:
    """One second of a picture of 1 x 1 pixel."""
    pictures = (np.full((1, 1, 3), 40 + 5 * i, np.uint8) for i in range(25))
    write_video(path, pictures, codec="ffv1", pixels="yuv444p")
    return path


# What a child inherits of its parent counts in ru_maxrss, but not in the kernel's VmHWM.
PEAK = """
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
"""
"""Source of a function that gives the peak resident memory of its own process in MiB (Linux)."""


def frames_of(path: Path) -> Iterator[av.VideoFrame]:
    """All frames as PyAV gives them, for comparison."""
    with av.open(source(path)) as container:
        yield from container.decode(video=0)


def write_silence(path: Path, seconds: float) -> Path:
    """Silence as FLAC, which is small however long it lasts."""
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(seconds), path)
    return path
