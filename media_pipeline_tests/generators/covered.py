"""Films with something drawn over them, with what was below and where it was covered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.decode import decode
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.captions import (
    Film,
    Mark,
    Style,
    caption_pictures,
    make_clip,
    paste,
)
from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.video import write_video

Picture = NDArray[np.uint8]

TEXTS = (
    "我们没有时间了",
    "Where have you been\nall this long time",
    "不要再问我了\nDon't ask me again",
)
STYLES = (
    Style(),
    Style(colour=(255, 220, 40), outline=2, shadow=2),
    Style(size=0.07, outline=3, second_size=0.05),
)


@dataclass(frozen=True)
class Covered:
    """A film, its pictures before anything was drawn on them, and what was covered in each."""

    path: Path
    clean: NDArray[np.uint8]
    """(n, h, w, 3), blue first."""
    masks: NDArray[np.bool_]
    """(n, h, w)"""
    film: Film

    @property
    def cues(self) -> list[Cue]:
        return list(self.film.cues)


def drawn_pictures(film: Film, folder: Path) -> NDArray[np.uint8]:
    """The pictures of a film as they are given to the encoder: (n, h, w, 3)."""
    path = folder / "exact.mkv"
    make_clip(path, film, crf=0, pixels="yuv444p")
    found = np.stack([frame.bgr() for frame in decode(path)])
    path.unlink()
    path.with_suffix(".srt").unlink()
    return found


def make_covered(path: Path, film: Film, *, crf: int = 16) -> Covered:
    """Write the film, and tell what is below and where."""
    make_clip(path, film, crf=crf)
    count = round(film.seconds * film.rate)
    plain = replace(film, cues=(), marks=())
    clean = np.stack(list(islice(_grounds(plain), count)))
    drawn = drawn_pictures(film, path.parent)
    exact = drawn_pictures(plain, path.parent)
    masks = (drawn != exact).any(axis=3)
    return Covered(path, clean, masks, film)


def _grounds(film: Film) -> Iterator[Picture]:
    return pictures(film.ground, film.size, film.rate, seed=film.seed, grain=film.grain)


def make_sung(path: Path, film: Film, sung: tuple[int, int, int] = (255, 190, 0)) -> Covered:
    """Write the film with captions that take on another colour from left to right, as singers are
    shown where they are.
    """
    other = replace(film, style=replace(film.style, colour=sung))
    texts = [(cue, caption_pictures(cue, film), caption_pictures(cue, other)) for cue in film.cues]
    clean = np.stack(list(islice(_grounds(film), round(film.seconds * film.rate))))
    shown = clean.copy()
    for index, picture in enumerate(shown):
        time = index / film.rate
        for cue, rows, golden in texts:
            if not cue.start <= time + 1e-6 < cue.end:
                continue
            share = (time - cue.start) / (cue.end - cue.start)
            for (row, x, y), (gold, _, _) in zip(rows, golden, strict=True):
                mixed = row.copy()
                until = round(share * row.shape[1])
                mixed[:, :until] = gold[:, :until]
                paste(picture, mixed, x, y)
    write_video(path, shown, fps=film.rate)
    return Covered(path, clean, (shown != clean).any(axis=3), film)


def captioned_film(ground: str | Path, kind: int = 0, *, seconds: float = 5.0) -> Film:
    """A film with three captions of one of the ``STYLES``, one of which follows another at once."""
    step = seconds / 5
    times = ((0.5 * step, 2 * step), (2 * step, 3 * step), (3.5 * step, 4.6 * step))
    cues = [Cue(a, b, t) for (a, b), t in zip(times, TEXTS, strict=True)]
    return Film(cues, seconds, ground=ground, style=STYLES[kind % len(STYLES)], seed=3 + kind)


def marked_film(
    ground: str | Path, opacity: float = 1.0, *, seconds: float = 5.0, seed: int = 3
) -> Film:
    """A film with a mark in the upper right corner all the time."""
    mark = Mark("Channel 5", 0.74, 0.06, 0.08, opacity=opacity)
    return Film((), seconds, ground=ground, marks=(mark,), seed=seed)
