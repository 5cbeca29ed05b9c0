"""The choruses of music: the one function of this package."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from media_pipeline.stages.beats import Tracked
from media_pipeline.stages.chorus.choose import choose
from media_pipeline.stages.chorus.families import families, measures
from media_pipeline.stages.chorus.form import Floats, Form, form_of
from media_pipeline.stages.chorus.listen import Features, Heard

TITLE = "Chorus"
_SHOWN = 400
"""Rows of the similarity matrix that people look at."""


@dataclass(frozen=True)
class Segment:
    """A stretch of music; times are seconds."""

    start: float
    end: float
    key: int = 0
    """Semitones above the first of its kind, -5 to 6."""
    likeness: float = 1.0
    """With the one that the others were found by, at most 1."""


@dataclass(frozen=True)
class Segments:
    """What :func:`find_choruses` found."""

    choruses: tuple[Segment, ...] = ()
    confidence: float = 0.0
    """0 to 1: the chance that they come again; 0 where nothing does."""
    times: Floats = field(default_factory=lambda: np.zeros(1))
    """Where the rows of the matrix begin, and the last ends."""
    similarity: Features = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """Likeness of every two rows in the best key, -1 to 1."""

    def as_json(self) -> list[dict[str, Any]]:
        """The Result of MusicSegmentDetect."""
        return [
            {"start": round(one.start, 2), "end": round(one.end, 2), "title": TITLE}
            for one in self.choruses
        ]


def find_choruses(found: Tracked, heard: Heard) -> Segments:
    """Find all choruses of a piece, which begin and end on bar lines.

    Every stretch of whole bars is held against all others in every key. What comes again with other
    music between is a family; the chorus is the family that speaks most for it: how often and how
    exactly it comes, whether the music changes where it begins and ends, that it is not how the
    piece begins but how it ends, that it rises, and that it has a usual length. How loud it is
    counts little, so that quiet choruses are found.

    Parameters
    ----------
    found : the beats and bars of the piece.
    heard : what :func:`~media_pipeline.stages.chorus.listen.listen` made of it.

    Returns
    -------
    Segments
        without choruses where nothing comes again, or no beat is heard.

    References
    ----------
    Goto (2006), "A chorus section detection method for musical audio signals and its application
    to a music listening station" (RefraiD): repeats, key changes and the choice by assumptions.
    Müller, Jiang and Grosche (2013), "A robust fitness measure for capturing repetitions in music
    recordings with applications to audio thumbnailing": families of a stretch and their fitness.
    """
    form = form_of(found, heard)
    if form is None:
        return Segments()
    known = list(families(form))
    chosen = choose(measures(form, known))
    times, similarity = _shown(form)
    if chosen is None:
        return Segments(times=times, similarity=similarity)
    best, chance = chosen
    family = known[best]
    choruses = tuple(
        Segment(
            float(form.times[start]),
            float(form.times[start + family.length]),
            (int(key) + 5) % 12 - 5,
            float(min(1.0, likeness)),
        )
        for start, key, likeness in zip(family.starts, family.keys, family.likeness, strict=True)
    )
    return Segments(choruses, chance, times, similarity)


def _shown(form: Form) -> tuple[Floats, Features]:
    """The matrix in at most so many rows, and their times."""
    matrix = form.matrix()
    step = max(1, -(-len(matrix) // _SHOWN))
    rows = len(matrix) // step
    whole = matrix[: rows * step, : rows * step].reshape(rows, step, rows, step)
    return form.times[: rows * step + 1 : step], np.asarray(whole.mean(axis=(1, 3)), np.float32)
