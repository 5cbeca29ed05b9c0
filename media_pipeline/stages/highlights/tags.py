"""Tags of highlights: only what a rule on measured values says, never a guess at what happens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.highlights.picture import Picture
from media_pipeline.stages.highlights.signals import Signals
from media_pipeline.stages.highlights.sound import STEP, Sound

TAGS = ("Shout", "Music", "FastCut", "Motion")

# Shout: words this much louder than the film's usual words, and with this much more weight above
# 1 kHz than the louder ones among those
# (raised voices gain level and lose spectral slope: Traunmueller and Eriksson, JASA 107, 2000)
_SHOUT_DB, _SHOUT_TILT_DB = 6.0, 4.0
_SHOUT_USUAL_S = 5.0  # at least so many seconds of words elsewhere make a "usual"
_SHOUT_TONALITY = 0.2  # below is noise: a voice has lines
_MUSIC_TONALITY, _MUSIC_SHARE = 0.45, 0.6
_MUSIC_SAMENESS = 0.75  # of the tonality; more is a hum, whose lines never change
_CUTS_PER_SECOND, _CUTS = 0.5, 3
_MOTION_LUMA, _MOTION_Z = 8.0, 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the rules look at. ``words`` are (k, 2) spans in seconds."""

    signals: Signals
    sound: Sound | None
    picture: Picture | None
    words: NDArray[np.float64]


def tags_of(start: float, end: float, measured: Measured) -> list[str]:
    """The tags whose rules hold between ``start`` and ``end`` seconds, in the order of ``TAGS``."""
    cells = slice(int(start / STEP), max(int(start / STEP) + 1, round(end / STEP)))
    rules = {
        "Shout": _shout(cells, measured),
        "Music": _music(cells, measured),
        "FastCut": _fast_cut(start, end, measured),
        "Motion": _motion(cells, measured),
    }
    return [tag for tag in TAGS if rules[tag]]


def _shout(cells: slice, measured: Measured) -> bool:
    if measured.sound is None or not len(measured.words):
        return False
    speaking = np.zeros(measured.signals.cells, bool)
    for a, b in measured.words:
        speaking[int(a / STEP) : round(b / STEP)] = True
    here = np.zeros_like(speaking)
    here[cells] = speaking[cells]
    elsewhere = speaking & ~here
    if here.sum() < 3 or elsewhere.sum() * STEP < _SHOUT_USUAL_S:
        return False
    level, tilt = measured.sound.level, measured.sound.tilt
    # a shout is a part of a highlight: the louder half of its words counts, which are vowels and
    # darker than the rest, as they are elsewhere
    loud = here & (level >= np.median(level[here]))
    usual = elsewhere & (level >= np.median(level[elsewhere]))
    louder = float(level[loud].mean() - np.median(level[elsewhere]))
    brighter = float(np.median(tilt[loud]) - np.median(tilt[usual]))
    voiced = float(measured.sound.tonality[loud].mean()) >= _SHOUT_TONALITY
    return voiced and louder >= _SHOUT_DB and brighter >= _SHOUT_TILT_DB


def _music(cells: slice, measured: Measured) -> bool:
    if measured.sound is None:
        return False
    tonality, sameness = measured.sound.tonality[cells], measured.sound.sameness[cells]
    tonal = bool((tonality >= _MUSIC_TONALITY).mean() >= _MUSIC_SHARE)
    return tonal and bool(sameness.mean() <= _MUSIC_SAMENESS * tonality.mean())


def _fast_cut(start: float, end: float, measured: Measured) -> bool:
    if measured.picture is None:
        return False
    cuts = measured.picture.cuts
    inside = int(((cuts > start) & (cuts < end)).sum())
    return inside >= _CUTS and inside / (end - start) >= _CUTS_PER_SECOND


def _motion(cells: slice, measured: Measured) -> bool:
    if measured.picture is None:
        return False
    moves = float(measured.picture.motion[cells].mean()) >= _MOTION_LUMA
    return moves and float(measured.signals.motion[cells].mean()) >= _MOTION_Z
