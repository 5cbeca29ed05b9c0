"""VideoGreenScreenMatting on drawn people before screens, seven for each seed: easy, uneven, noisy,
fast, with a veil, blue, and dim with much hair.

Nothing was tuned on these seeds. Errors of the coverage are in thousandths; PSNR is of what is
composed over another picture, where the person is. ``usual`` are the settings that most
instructions give; ``own colour`` has the colour of the screen from the film itself.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from costs import Means, timed
from numpy.typing import NDArray

from media_pipeline.media.decode import decode
from media_pipeline.media.ffmpeg import ffmpeg_path, source
from media_pipeline.media.probe import probe
from media_pipeline.stages.matte import cut_out
from media_pipeline.stages.matte.film import Seen, keyed
from media_pipeline_tests.generators.screens import (
    Scene,
    make_screened,
    matte_scores,
    scenes,
    write_screened,
)

Matte = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Coverage (n, h, w), 0 to 1, and colour (n, h, w, 3)."""

_SEEDS = (11, 12, 13)
_HSV = {1: ((35, 80, 60), (85, 255, 255)), 0: ((95, 80, 60), (135, 255, 255))}


def rows(folder: Path) -> Iterator[str]:
    """The table."""
    means = Means()
    for scene in (scene for seed in _SEEDS for scene in scenes(seed)):
        truth = make_screened(scene)
        path = folder / f"{scene.seed}.mp4"
        write_screened(path, truth)
        for way, work in _ways(path, scene, folder).items():
            (alpha, colour), cost = timed(work, scene.count / scene.rate)
            means.add(way, matte_scores(truth, alpha, colour), cost)
    yield from means.table()


def _ways(path: Path, scene: Scene, folder: Path) -> dict[str, Callable[[], Matte]]:
    channel = int(np.argmax(scene.screen))
    pure = "0x00ff00" if channel == 1 else "0x0000ff"
    name = "green" if channel == 1 else "blue"

    def chromakey(filters: str) -> Callable[[], Matte]:
        return lambda: _rgba(["-i", source(path), "-vf", filters], scene)

    def own_colour() -> Matte:
        first = next(iter(decode(path))).bgr()[::4, ::4].reshape(-1, 3).astype(int)
        others = np.delete(first, channel, axis=1).max(axis=1)
        screen = first[(first[:, channel] > 1.25 * others) & (first[:, channel] > 60)]
        b, g, r = np.median(screen, axis=0).astype(int)
        return chromakey(f"chromakey=0x{r:02x}{g:02x}{b:02x}:0.05:0.06,despill={name}")()

    def hsv() -> Matte:
        film = [frame.bgr() for frame in decode(path)]
        low, high = _HSV[channel]
        masks = [cv2.inRange(cv2.cvtColor(p, cv2.COLOR_BGR2HSV), low, high) for p in film]
        alpha = [cv2.GaussianBlur(1 - m.astype(np.float32) / 255, (0, 0), 0.8) for m in masks]
        return np.stack(alpha), np.stack(film).astype(np.float32)

    def ours() -> Matte:
        found = [
            (cut.keyed.alpha, cut.keyed.colour.bgr(cut.canvas.matrix).astype(np.float32))
            for cut in keyed(decode(path).canvases(), Seen())
            if cut.keyed
        ]
        return np.stack([alpha for alpha, _ in found]), np.stack([colour for _, colour in found])

    def webm() -> Matte:
        out = folder / "matte.webm"
        cut_out(path, probe(path), out)
        return _rgba(["-c:v", "libvpx-vp9", "-i", source(out)], scene)

    return {
        "chromakey, usual": chromakey(f"chromakey={pure}:0.3:0.1"),
        "range of hue, saturation, value": hsv,
        "chromakey, own colour, despill": own_colour,
        "ours": ours,
        "ours, out of the WebM": webm,
    }


def _rgba(arguments: list[str], scene: Scene) -> Matte:
    command = [ffmpeg_path(), "-v", "error", *arguments, "-f", "rawvideo", "-pix_fmt", "bgra", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    width, height = scene.size
    film = np.frombuffer(data, np.uint8).reshape(-1, height, width, 4).astype(np.float32)
    return film[..., 3] / 255, film[..., :3]
