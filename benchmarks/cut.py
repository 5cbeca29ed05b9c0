"""What a clip of 15 s out of a long film costs: its edges coded anew, beside all of it coded anew.

    python benchmarks/cut.py [FILM] [--start SECONDS ...]

Without FILM an hour of 1920 x 1080 at 25 fps is made, with a key frame every four seconds. The
figures are means over the starts; CPU seconds include child processes (ffmpeg). What probing finds
is known before, as in the pipeline.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from media_pipeline.media import ffmpeg
from media_pipeline.media.cut import cut
from media_pipeline.media.probe import MediaInfo, probe

CLIP_S = 15.0


def long_film(folder: Path) -> Path:
    """An hour of moving test picture with a tone, the same 20 s again and again."""
    part, film = folder / "part.mp4", folder / "hour.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25:d=20"]
    tone = ["-f", "lavfi", "-i", "sine=440:d=20"]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-pix_fmt", "yuv420p"]
    ffmpeg.run([*picture, *tone, *coding, "-g", "100", "-c:a", "aac", str(part)])
    ffmpeg.run(["-stream_loop", "179", "-i", str(part), "-c", "copy", str(film)])
    return film


def measure(
    film: Path, info: MediaInfo, start: float, folder: Path, *, copy: bool
) -> tuple[float, float]:
    """Wall and CPU seconds of one cut."""
    before, began = sum(os.times()[:4]), time.perf_counter()
    cut(film, folder / "clip.mp4", start, start + CLIP_S, info=info, copy=copy)
    return time.perf_counter() - began, sum(os.times()[:4]) - before


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path, nargs="?")
    parser.add_argument("--start", type=float, nargs="+", default=[611.3, 2709.5, 3401.0])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="media_pipeline_cut_") as name:
        folder = Path(name)
        film = given.film or long_film(folder)
        info = probe(film)
        print(f"{'':14}{'wall s':>8}{'CPU s':>8}")
        for label, copy in (("edges only", True), ("all anew", False)):
            taken = [measure(film, info, start, folder, copy=copy) for start in given.start]
            wall, cpu = (sum(column) / len(taken) for column in zip(*taken, strict=True))
            print(f"{label:14}{wall:8.2f}{cpu:8.2f}")


if __name__ == "__main__":
    main()
