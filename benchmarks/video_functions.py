"""The picture functions against truth, beside their classical peers, in one run.

    python benchmarks/video_functions.py [delogo|detext|cover|h2v|beauty|green ...]
        [--films FILM ...]

Everything is made here; ``--films`` puts the same captions, spoiled parts and figures over real
footage as well. Ratios hold on a noisy machine; × real time is film seconds per CPU second.

delogo  the same as for detext inside a mark, opaque in some films, translucent in others. Ours
        finds it, or is given its box; ffmpeg's delogo is given the box, cv2.inpaint (Telea) the
        pixels.
detext  PSNR (dB) and SSIM inside the captions, and flicker (change of the error from picture to
        picture), encoding included. Ours reads the captions and finds their pixels by itself; the
        peers are told the truth: ffmpeg's delogo the rows, cv2.inpaint (Telea) the pixels.
cover   whether the cover is one of the 18 % of pictures that are good, and how sharp it is among
        all; beside the middle picture and the sharpest one.
h2v     share of the subject in the window, of what the best window holds; share of pictures with
        90 % of it; jitter (mean second difference, thousandths of the width); beside the centre
        crop and the place where most stands out in each picture.
beauty  drawn faces with spots: see face_beauty.py. green  people before screens: green_screen.py.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import face_beauty
import green_screen
import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import NothingToDo
from media_pipeline.media.decode import decode, frame_at
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import Work
from media_pipeline.stages.captions import Params as Reading
from media_pipeline.stages.captions import extract_captions
from media_pipeline.stages.cover import choose_covers
from media_pipeline.stages.cover.score import WIDTH as COVER_WIDTH
from media_pipeline.stages.delogo import DELOGOED
from media_pipeline.stages.delogo import Params as MarkParams
from media_pipeline.stages.detext import remove_captions
from media_pipeline.stages.detext.removal import BESIDE_S, Shown, spans
from media_pipeline.stages.frames import analyse
from media_pipeline.stages.portrait import plan_course
from media_pipeline.stages.portrait.crop import shot_starts
from media_pipeline.stages.remake import remake
from media_pipeline_tests.generators.covered import Covered, captioned_film, make_covered
from media_pipeline_tests.generators.marked import Marked, emblem, make_marked
from media_pipeline_tests.generators.scores import flicker, psnr, ssim
from media_pipeline_tests.generators.spoiled import make_spoiled
from media_pipeline_tests.generators.subjects import FPS, SCENES, WIDTH, Scene, inside, make_subject
from media_pipeline_tests.generators.video import ffmpeg

GROUNDS: tuple[str, ...] = ("hand", "flat", "drift", "busy")
SECONDS = 4.0
MARKED_S = 5.0  # finding a mark takes two cuts
Rows = dict[str, list[tuple[float, ...]]]


def cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def cost(work: Callable[[], object]) -> float:
    before = cpu_seconds()
    work()
    return cpu_seconds() - before


def table(title: str, columns: Sequence[str], rows: Rows) -> None:
    print(f"\n{title}\n{'':34}" + "".join(f"{name:>12}" for name in columns))
    for name, values in rows.items():
        means = np.mean(values, axis=0)
        print(f"{name:34}" + "".join(f"{value:12.3f}" for value in means))


# --- detext ---------------------------------------------------------------------------------------


def marks(case: Covered | Marked, path: Path, seconds: float) -> tuple[float, ...]:
    pictures = np.stack([f.bgr() for f in decode(path)])
    at = [i for i, mask in enumerate(case.masks) if mask.any()]
    outside = [~cv2.dilate(m.astype(np.uint8), np.ones((9, 9))).astype(bool) for m in case.masks]
    return (
        float(np.mean([psnr(case.clean[i], pictures[i], case.masks[i]) for i in at])),
        float(np.mean([ssim(case.clean[i], pictures[i], case.masks[i]) for i in at])),
        flicker(case.clean, pictures, case.masks),
        float(np.mean([psnr(case.clean[i], pictures[i], outside[i]) for i in at])),
        len(case.clean) / 25 / max(seconds, 1e-3),
    )


def encode(pictures: NDArray[np.uint8], path: Path) -> None:
    height, width = pictures.shape[1:3]
    raw = path.with_suffix(".bgr")
    raw.write_bytes(pictures.tobytes())
    size = f"{width}x{height}"
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", size, "-r", "25", "-i", raw),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", path),
    )
    raw.unlink()


def inpainted(case: Covered | Marked, path: Path) -> None:
    pictures = []
    for frame, mask in zip(decode(case.path), case.masks, strict=True):
        wide = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8))
        pictures.append(cv2.inpaint(frame.bgr(), wide, 4, cv2.INPAINT_TELEA))
    encode(np.stack(pictures), path)


def delogoed(case: Covered, path: Path) -> None:
    height, width = case.masks.shape[1:]
    filters = []
    for cue in case.cues:
        mask = case.masks[round((cue.start + cue.end) / 2 * case.film.rate)]
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        x, y = max(1, columns[0] - 2), max(1, rows[0] - 2)
        w = min(width - x - 2, columns[-1] - x + 4)
        h = min(height - y - 2, rows[-1] - y + 4)
        when = f"gte(t,{cue.start - 0.01})*lt(t,{cue.end - 0.01})"
        filters.append(f"delogo=x={x}:y={y}:w={w}:h={h}:enable='{when}'")
    coding = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18")
    ffmpeg("-i", case.path, "-vf", ",".join(filters), *coding, path)


def ours(case: Covered, path: Path) -> None:
    found = extract_captions(case.path, Reading(roi=[[0.7, 1.0], [0.0, 1.0]], track="all"))
    shown = [Shown.of(c, e.lines) for c, e in zip(found.cues, found.evidence, strict=True)]
    remake(
        *(case.path, probe(case.path), path),
        lambda canvases: remove_captions(canvases, shown),
        spans=spans(shown),
        beside=BESIDE_S,
    )


def detext(folder: Path, films: Sequence[Path]) -> None:
    rows: Rows = {}
    for kind, ground in enumerate((*GROUNDS, *films)):
        case = make_covered(folder / "film.mp4", captioned_film(ground, kind, seconds=SECONDS))
        rows.setdefault("untouched", []).append(marks(case, case.path, 0.0))
        for name, work in (
            ("ffmpeg delogo, true rows", delogoed),
            ("cv2.inpaint, true pixels", inpainted),
            ("ours, captions read", ours),
        ):
            target = folder / "out.mp4"
            seconds = cost(lambda work=work, case=case, to=target: work(case, to))
            rows.setdefault(name, []).append(marks(case, target, seconds))
    columns = ("PSNR", "SSIM", "flicker", "outside", "x real time")
    table("detext", columns, rows)


# --- delogo ---------------------------------------------------------------------------------------

OPACITIES = (("words", 1.0), ("disc", 0.5), ("plate", 0.4), ("words", 0.6), ("disc", 1.0))


def boxed(case: Marked, path: Path) -> None:
    height, width = case.masks.shape[1:]
    x, y, w, h = case.boxes[0]
    edges = f"x={round(x * width)}:y={round(y * height)}:w={round(w * width)}:h={round(h * height)}"
    coding = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18")
    ffmpeg("-i", case.path, "-vf", f"delogo={edges}", *coding, path)


def unmarked(case: Marked, path: Path, boxes: list[list[float]] | None) -> None:
    params = MarkParams(boxes=boxes)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        work = Work(case.path, probe(case.path), {}, params, Path(folder), name=case.path.name)
        try:
            DELOGOED.run(work)
        except NothingToDo:
            shutil.copyfile(case.path, path)
        else:
            shutil.move(Path(folder) / "delogoed.mp4", path)


def delogo(folder: Path, films: Sequence[Path]) -> None:
    rows: Rows = {}
    for number, ground in enumerate((*GROUNDS, *films)):
        kind, opacity = OPACITIES[number % len(OPACITIES)]
        mark, seed = emblem(kind, opacity), 3 + number
        case = make_marked(folder / "film.mp4", ground, mark, seconds=MARKED_S, seed=seed)
        rows.setdefault("untouched", []).append(marks(case, case.path, 0.0))
        for name, work in (
            ("ffmpeg delogo, true box", boxed),
            ("cv2.inpaint, true pixels", inpainted),
            ("ours, true box", lambda case, to: unmarked(case, to, case.boxes)),
            ("ours, mark found", lambda case, to: unmarked(case, to, None)),
        ):
            target = folder / "out.mp4"
            seconds = cost(lambda work=work, case=case, to=target: work(case, to))
            rows.setdefault(name, []).append(marks(case, target, seconds))
    table("delogo", ("PSNR", "SSIM", "flicker", "outside", "x real time"), rows)


# --- cover ----------------------------------------------------------------------------------------


def cover(folder: Path, films: Sequence[Path]) -> None:
    rows: Rows = {}
    for seed, ground in enumerate((*GROUNDS, *films)):
        film = make_spoiled(folder / "film.mp4", seed, ground)
        look = analyse(film.path, thumbs=folder).frames
        sharpness = look["sharpness"].to_numpy()
        found: list[int] = []

        def work(film=film, look=look, found=found) -> None:  # type: ignore[no-untyped-def]
            best = choose_covers(look, lambda t: frame_at(film.path, t, width=COVER_WIDTH), 1)[0]
            found.append(look["time"].to_pylist().index(best.time))

        seconds = cost(work)
        for name, index, spent in (
            ("middle picture", len(film.good) // 2, 0.0),
            ("sharpest picture", int(np.argmax(sharpness)), 0.0),
            ("ours", found[0], seconds),
        ):
            sharp = float((sharpness < sharpness[index]).mean())
            length = len(film.good) / 25
            rows.setdefault(name, []).append(
                (float(film.good[index]), sharp, length / spent if spent else 0.0)
            )
    table("cover (without the shared look)", ("good", "sharpness", "x real time"), rows)


# --- h2v ------------------------------------------------------------------------------------------


def salient(path: Path, share: float) -> NDArray[np.float64]:
    """Where a window holds the most of each picture's spectral residual (X. Hou and L. Zhang,
    2007): its middles, of the width.
    """
    middles, width = [], 96
    for frame in decode(path, width=width):
        spectrum = np.fft.fft2(cv2.cvtColor(frame.bgr(), cv2.COLOR_BGR2GRAY).astype(np.float32))
        size = np.log(np.abs(spectrum) + 1e-6)
        residual = np.exp(size - cv2.blur(size, (3, 3)) + 1j * np.angle(spectrum))
        seen = cv2.GaussianBlur(np.abs(np.fft.ifft2(residual)) ** 2, (0, 0), 2.5).sum(axis=0)
        window = np.ones(round(share * width))
        middles.append((np.convolve(seen, window, "valid").argmax() + len(window) / 2) / width)
    return np.array(middles)


def h2v(folder: Path, films: Sequence[Path]) -> None:
    rows: Rows = {}
    share = (9 / 16) ** 2
    kinds = ("walk", "wander", "still")
    scenes = [*SCENES, *(Scene(film, kinds[i % 3], seed=6 + i) for i, film in enumerate(films))]
    for scene in scenes:
        film = make_subject(folder / "film.mp4", scene, seconds=SECONDS)
        starts = shot_starts(analyse(film.path, thumbs=folder).shots["start"].to_pylist())
        count, size = len(film.edges), share * WIDTH
        courses = []

        def work(film=film, starts=starts, courses=courses) -> None:  # type: ignore[no-untyped-def]
            courses.append(plan_course(film.path, starts, share))

        seconds = cost(work)
        followed = np.array([courses[0].at(i / FPS) or 0.5 for i in range(count)])
        steady = ~np.isin(
            np.arange(count - 2), [round(s * FPS) + n for s in starts for n in (-2, -1)]
        )
        for name, middles, spent in (
            ("centre crop", np.full(count, 0.5), 0.0),
            ("spectral residual, each picture", salient(film.path, share), 0.0),
            ("ours", followed, seconds),
        ):
            lefts = middles * WIDTH - size / 2
            each = [inside(film.edges[i : i + 1], lefts[i : i + 1], size) for i in range(count)]
            jitter = 1000 * float(np.abs(np.diff(lefts, 2))[steady].mean()) / WIDTH
            rows.setdefault(name, []).append(
                (
                    float(np.mean(each)),
                    float(np.mean(np.array(each) >= 0.9)),
                    jitter,
                    SECONDS / spent if spent else 0.0,
                )
            )
    table("h2v (the path)", ("inside", "90 % inside", "jitter", "x real time"), rows)


# --- people ---------------------------------------------------------------------------------------


def beauty(folder: Path, _films: Sequence[Path]) -> None:
    print("\nbeauty", *face_beauty.rows(folder), sep="\n")


def green(folder: Path, _films: Sequence[Path]) -> None:
    print("\ngreen", *green_screen.rows(folder), sep="\n")


PARTS = {
    "delogo": delogo,
    "detext": detext,
    "cover": cover,
    "h2v": h2v,
    "beauty": beauty,
    "green": green,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--films", nargs="*", type=Path, default=[], help="real footage")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    for name in asked.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder), asked.films)


if __name__ == "__main__":
    main()
