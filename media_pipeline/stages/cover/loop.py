"""The moving cover: a short loop of lively pictures, as a GIF with a palette of its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from media_pipeline.errors import NothingToDo
from media_pipeline.media import ffmpeg
from media_pipeline.media.faces import FaceFinder
from media_pipeline.stages.cover.choose import DARK, DRIFT, Look
from media_pipeline.stages.cover.score import judge

SECONDS = 2.4
MOST_BYTES = 3_000_000
_LEAST_S = 0.2
_JUDGED = 24  # stretches of which a picture is looked at
_SIZES = ((480, 12), (400, 12), (360, 10), (320, 10), (240, 8), (160, 6))
"""Width and pictures per second, tried until the file is small enough."""
_LIVELY = 5.0  # mean difference between frames at which motion is seen well
_WILD = 16.0  # at which it is only restless
_FROM_CUTS_S = 0.2


def choose_loop(frames: pa.Table, look: Look) -> tuple[float, float]:
    """Start and end of the stretch of one shot that makes the best loop, seconds.

    It is a good cover in its middle, sharp and in motion throughout, without a fade, and its last
    picture is like its first.

    Raises
    ------
    NothingToDo
        when no stretch is longer than a moment.
    """
    times = frames["time"].to_numpy()
    cuts = np.flatnonzero(frames["cut"].to_numpy(zero_copy_only=False))
    bounds = [0, *cuts.tolist(), len(times)]
    stretches: list[tuple[float, float, float]] = []
    for number, (first, last) in enumerate(pairwise(bounds)):
        begin = float(times[first]) + (_FROM_CUTS_S if number else 0.0)
        end = float(times[last - 1]) - (_FROM_CUTS_S if last < len(times) else 0.0)
        length = min(SECONDS, end - begin)
        if length < min(_LEAST_S, float(times[-1] - times[0])):
            continue
        best = max(
            (_worth(frames, start, start + length), float(start))
            for start in np.arange(begin, end - length + 1e-6, 0.2)
        )
        stretches.append((best[0] * (length / SECONDS) ** 0.5, best[1], best[1] + length))
    if not stretches:
        raise NothingToDo("the film has no stretch to loop", "give a longer film")
    finder = FaceFinder()
    liveliest = sorted(stretches, reverse=True)[:_JUDGED]
    _, start, end = max(
        (worth * judge(look((begin + end) / 2), finder).score ** 2, begin, end)
        for worth, begin, end in liveliest
    )
    return start, end


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
    bad = float((luma < DARK).mean()) + float(np.ptp(luma) > 4 * DRIFT)
    return float(1.5 * lively + 0.4 * sharpness.min() - jump - 2 * bad) + 5.0


def write_gif(media: Path, start: float, end: float, target: Path) -> tuple[int, int]:
    """Write the stretch as a GIF under 3 MB that repeats for ever; gives its width and its rate.

    Raises
    ------
    EncodeFailed
    """
    for width, rate in _SIZES:
        scaled = f"fps={rate},scale='min({width},iw)':-2:flags=lanczos,split[a][b]"
        palette = "[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=4"
        ffmpeg.run(
            [
                *("-ss", f"{start:.3f}", "-t", f"{end - start:.3f}", "-i", ffmpeg.source(media)),
                *("-an", "-filter_complex", f"[0:v]{scaled};{palette}:diff_mode=rectangle"),
                *("-loop", "0", ffmpeg.source(target)),
            ]
        )
        if target.stat().st_size < MOST_BYTES:
            break
    return width, rate
