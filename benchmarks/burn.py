"""What captions drawn on film cost: CPU seconds per second of film, against coding it anew at all.

    python benchmarks/burn.py [VIDEO] [--seconds 20] [--groups-only]

Without VIDEO a film of 1280 × 720 is made. Measured in one run, so that ratios hold on a noisy
machine; each figure is the least of several rounds that take turns:

1. the floor: decoding and coding the film anew with the same settings, nothing drawn;
2. the whole film with captions in each style, words all the time;
3. the same text by moviepy's TextClip, which composes pictures in Python;
4. coding only groups of pictures with captions anew, for 10, 30 and 60 % of the time captioned,
   beside coding the whole film with the same captions.

CPU seconds include child processes (ffmpeg).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from media_pipeline.media import ffmpeg
from media_pipeline.media.encode import h264_args, picture_filters, written_size
from media_pipeline.media.fonts import find_font
from media_pipeline.media.gops import NotJoinable
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.media.renewal import plan
from media_pipeline.stages.burn import CaptionSettings, Drawing, burn, draw_captions
from media_pipeline.stages.burn.settings import Style
from media_pipeline.text.cues import Cue
from media_pipeline.text.pieces import Caption, caption, estimated

TEXT = "and then we walked along the river until the last light was gone"
CUE_S = 3.0
STRETCHES = 3
SHARES = (0.1, 0.3, 0.6)
MOVIEPY_S = 4.0  # it costs so much that a part of the film must do
CRF, PRESET = 20, "veryfast"


def cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def cost(work: Callable[[], object]) -> float:
    before = cpu_seconds()
    work()
    return cpu_seconds() - before


def make_film(folder: Path, seconds: float) -> Path:
    """A moving picture with a little grain, of about 1.5 Mbit/s, as films for the web have."""
    path = folder / "film.mp4"
    picture = "mandelbrot=s=1280x720:r=25:end_scale=0.05,gblur=2,noise=alls=2:allf=t"
    source = f"{picture},trim=duration={seconds}"
    args = ["-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]
    ffmpeg.run([*args, "-g", "50", "-pix_fmt", "yuv420p", ffmpeg.source(path)])
    return path


def captions(spans: Sequence[tuple[float, float]]) -> list[Caption]:
    return [estimated(caption(Cue(a, b, TEXT))) for a, b in spans]


def always(seconds: float) -> list[tuple[float, float]]:
    count = max(1, round(seconds / CUE_S))
    return [(i * seconds / count, (i + 1) * seconds / count) for i in range(count)]


def part(seconds: float, share: float) -> list[tuple[float, float]]:
    """Captions in that share of the time, in stretches that are spread over the film."""
    length, step = seconds * share / STRETCHES, seconds / STRETCHES
    return [
        ((i + 0.5) * step - length / 2, (i + 0.5) * step + length / 2) for i in range(STRETCHES)
    ]


class Bench:
    """The works to compare, on one film."""

    def __init__(self, film: Path, folder: Path) -> None:
        self.film, self.folder = film, folder
        self.info: MediaInfo = probe(film)
        assert self.info.video is not None
        self.video = self.info.video
        self.seconds = self.video.duration
        self.size = written_size(self.video)

    def drawing(self, style: Style, spans: Sequence[tuple[float, float]]) -> Drawing:
        return draw_captions(captions(spans), *self.size, CaptionSettings(style=style))

    def floor(self) -> None:
        out = self.folder / "floor.mp4"
        picture = ["-vf", ",".join(picture_filters(self.video)), *h264_args(CRF, PRESET)]
        ffmpeg.run(["-i", ffmpeg.source(self.film), *picture, "-an", ffmpeg.source(out)])

    def styled(self, style: Style) -> None:
        drawing = self.drawing(style, always(self.seconds))
        burn(self.film, self.info, self.folder / "styled.mp4", drawing, whole=True)

    def partly(self, share: float, *, whole: bool) -> None:
        drawing = self.drawing("highlight", part(self.seconds, share))
        burn(self.film, self.info, self.folder / "part.mp4", drawing, whole=whole)

    def shares(self, captioned: float) -> tuple[float, float]:
        """Of the time whose groups carry captions, and that is coded anew, when that share of it is
        captioned.
        """
        drawing = self.drawing("highlight", part(self.seconds, captioned))
        try:
            made = plan(self.film, self.info, drawing.spans)
        except NotJoinable:
            return 1.0, 1.0
        return made.touched, made.share

    def moviepy(self) -> None:
        from moviepy import CompositeVideoClip, TextClip, VideoFileClip

        length = min(MOVIEPY_S, self.seconds)
        font = str(find_font(TEXT).path)
        with VideoFileClip(str(self.film)) as film:
            short = film.subclipped(0, length)
            text = TextClip(
                font=font,
                text=TEXT,
                font_size=round(0.05 * self.size[1]),
                color="white",
                stroke_color="black",
                stroke_width=2,
                duration=length,
            )
            placed = text.with_position(("center", 0.8), relative=True)
            CompositeVideoClip([short, placed]).write_videofile(
                str(self.folder / "moviepy.mp4"),
                codec="libx264",
                preset=PRESET,
                ffmpeg_params=["-crf", str(CRF)],
                audio=False,
                logger=None,
            )


def least(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least CPU seconds of each work; they take turns, so that noise meets all alike."""
    found: dict[str, float] = {}
    for _ in range(rounds):
        for name, work in works.items():
            found[name] = min(cost(work), found.get(name, float("inf")))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--groups-only", action="store_true", help="only the last of the four")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(asked.video or make_film(folder, asked.seconds), folder)
        width, height = bench.size
        print(f"{bench.seconds:.1f} s of {width} x {height}, x264 {PRESET}, crf {CRF}")
        works: dict[str, Callable[[], object]] = {}
        if not asked.groups_only:
            works["coding anew alone"] = bench.floor
            works |= {s: lambda style=s: bench.styled(style) for s in get_args(Style)}
        for share in SHARES:
            works[f"{share:.0%} whole"] = lambda s=share: bench.partly(s, whole=True)
            works[f"{share:.0%} groups"] = lambda s=share: bench.partly(s, whole=False)
        found = least(works, asked.rounds)
        if not asked.groups_only:
            short = min(MOVIEPY_S, bench.seconds)
            found["moviepy TextClip"] = cost(bench.moviepy) * bench.seconds / short
            report_styles(bench, found)
        report_groups(bench, found)


def report_styles(bench: Bench, found: dict[str, float]) -> None:
    floor = found["coding anew alone"]
    print(f"\n{'whole film':<20}{'CPU s per s':>12}{'/ floor':>9}")
    for name in ("coding anew alone", *get_args(Style), "moviepy TextClip"):
        print(f"{name:<20}{found[name] / bench.seconds:>12.3f}{found[name] / floor:>9.2f}")


def report_groups(bench: Bench, found: dict[str, float]) -> None:
    print(
        f"\n{'captioned time':<16}{'in groups of':>13}{'coded anew':>12}{'groups only':>13}"
        f"{'whole':>8}{'ratio':>7}{'allowed':>9}"
    )
    for share in SHARES:
        touched, anew = bench.shares(share)
        groups, whole = found[f"{share:.0%} groups"], found[f"{share:.0%} whole"]
        print(
            f"{share:<16.0%}{touched:>13.1%}{anew:>12.1%}{groups / bench.seconds:>13.3f}"
            f"{whole / bench.seconds:>8.3f}{groups / whole:>7.2f}{touched + 0.05:>9.2f}"
        )


if __name__ == "__main__":
    main()
