"""The moving cover: a short loop of lively pictures, as a GIF with a palette of its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from media_pipeline.errors import NothingToDo
from media_pipeline.media import ffmpeg
from media_pipeline.media.faces import FaceFinder
from media_pipeline.stages.cover.choose import DARK, Changing, Look, breaks
from media_pipeline.stages.cover.score import judge, scores

SECONDS = 2.4
MOST_BYTES = 3_000_000
_LEAST_S = 0.2
_JUDGED = 24  # stretches of which pictures are looked at
_PER_SHOT = 4
_STEP_S = 0.2
_APART_S = 0.6  # of stretches of one shot
_FADE = 24.0  # grey levels by which the brightness changes in a fade
_SIZES = ((480, 12), (400, 12), (360, 10), (320, 10), (240, 8), (160, 6))
"""Width and pictures per second, tried until the file is small enough."""
_LIVELY = 5.0  # mean difference between frames at which motion is seen well
_WILD = 16.0  # at which it is only restless
_FROM_CUTS_S = 0.2
_CHANGES = 0.1  # what a stretch is worth that begins, ends or passes through a dissolve


def choose_loop(frames: pa.Table, look: Look) -> tuple[float, float]:
    """Start and end of the stretch of one shot that makes the best loop, seconds.

    It is a good cover at both ends and in its middle, sharp and in motion throughout, without a
    dissolve or a fade, and its last picture is like its first.

    Raises
    ------
    NothingToDo
        when no stretch is longer than a moment.
    """
    times = frames["time"].to_numpy()
    cuts = np.flatnonzero(breaks(frames))
    bounds = [0, *cuts.tolist(), len(times)]
    stretches: list[tuple[float, float, float]] = []
    for number, (first, last) in enumerate(pairwise(bounds)):
        begin = float(times[first]) + (_FROM_CUTS_S if number else 0.0)
        end = float(times[last - 1]) - (_FROM_CUTS_S if last < len(times) else 0.0)
        length = min(SECONDS, end - begin)
        if length < min(_LEAST_S, float(times[-1] - times[0])):
            continue
        for part in (length, length / 2) if length / 2 > _LEAST_S else (length,):
            stretches += _of_shot(frames, begin, end, part)
    if not stretches:
        raise NothingToDo("the film has no stretch to loop", "give a longer film")
    liveliest = sorted(stretches, reverse=True)[:_JUDGED]
    places = [(start, (start + end) / 2, end) for _, start, end in liveliest]
    finder = FaceFinder()
    seen = [judge(look(time), finder) for three in places for time in three]
    marks = np.reshape(scores(seen), (-1, len(places[0]))).min(axis=1)
    changing = Changing(frames, look)
    best = (-1.0, 0.0, 0.0)
    for (worth, start, end), mark, three in zip(liveliest, marks, places, strict=True):
        value = worth * float(mark) ** 2
        if value > best[0]:  # else it is not worth another look
            best = max(best, (value * (_CHANGES if any(map(changing, three)) else 1.0), start, end))
    return best[1], best[2]


def _of_shot(
    frames: pa.Table, begin: float, end: float, length: float
) -> list[tuple[float, float, float]]:
    """The best stretches between two times: what each is worth, its start and its end."""
    found = sorted(
        (
            (_worth(frames, start, start + length), float(start))
            for start in np.arange(begin, end - length + 1e-6, _STEP_S)
        ),
        reverse=True,
    )
    taken: list[tuple[float, float, float]] = []
    for worth, start in found:
        if len(taken) < _PER_SHOT and all(abs(start - s) >= _APART_S for _, s, _ in taken):
            taken.append((worth * (length / SECONDS) ** 0.5, start, start + length))
    return taken


def _worth(frames: pa.Table, start: float, end: float) -> float:
    times = frames["time"].to_numpy()
    part = slice(*np.searchsorted(times, (start - 1e-6, end + 1e-6)))
    motion = frames["motion"].to_numpy()[part]
    luma = frames["luma"].to_numpy()[part]
    sharpness = np.log1p(frames["sharpness"].to_numpy()[part])
    if len(motion) < 2:
        return 0.0
    usual = float(np.median(motion[1:]))
    lively = min(usual / _LIVELY, 1.0) - max(0.0, (usual - _WILD) / _WILD)
    signatures = frames["signature"].to_numpy()[part]
    jump = (int(signatures[0]) ^ int(signatures[-1])).bit_count() / 64
    bad = float((luma < DARK).mean()) + float(np.ptp(luma) > _FADE)
    return float(1.5 * lively + 0.4 * sharpness.min() - jump - 2 * bad) + 5.0


def write_gif(media: Path, start: float, end: float, target: Path) -> tuple[int, int]:
    """Write the stretch as a GIF under 3 MB that repeats for ever; gives its width and its rate.

    Raises
    ------
    EncodeFailed
    """
    for width, rate in _SIZES:
        seconds = max(end - start, 1 / rate)
        last = "pass" if end - start < 1 / rate else "round"  # else a single picture is none
        fps = f"fps={rate}:eof_action={last}"
        scaled = f"{fps},scale='min({width},iw)':-2:flags=lanczos,split[a][b]"
        palette = "[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=4"
        ffmpeg.run(
            [
                *("-ss", f"{start:.3f}", "-t", f"{seconds:.3f}", "-i", ffmpeg.source(media)),
                *("-an", "-filter_complex", f"[0:v]{scaled};{palette}:diff_mode=rectangle"),
                *("-loop", "0", ffmpeg.source(target)),
            ]
        )
        if target.stat().st_size < MOST_BYTES:
            break
    return width, rate
