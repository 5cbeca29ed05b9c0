"""The sound with a click on each beat, to listen whether they are right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from media_pipeline.media.audio import Samples
from media_pipeline.stages.beats.track import Tracked

_CLICK_S, _DECAY_S = 0.04, 0.008
_BEAT_HZ, _DOWNBEAT_HZ = 1000.0, 1600.0
_MUSIC, _CLICK = 0.6, 0.5


def with_clicks(blocks: Iterable[Samples], rate: int, found: Tracked) -> Iterator[Samples]:
    """The sound, softer, with clicks: higher ones begin bars.

    Parameters
    ----------
    blocks : mono sound in pieces that are longer than a click.
    rate : its samples per second.
    found : the beats.
    """
    t = np.arange(round(_CLICK_S * rate)) / rate
    clicks = [
        (_CLICK * np.sin(2 * np.pi * hz * t) * np.exp(-t / _DECAY_S)).astype(np.float32)
        for hz in (_BEAT_HZ, _DOWNBEAT_HZ)
    ]
    starts = np.round(found.beats * rate).astype(int)
    at = 0
    for block in blocks:
        mixed = block * np.float32(_MUSIC)
        first, last = np.searchsorted(starts, (at - len(t), at + len(block)))
        for i in range(first, last):
            click = clicks[int(found.places[i] == 0)]
            begin = starts[i] - at
            part = click[max(0, -begin) :][: len(block) - max(0, begin)]
            mixed[max(0, begin) : max(0, begin) + len(part)] += part
        yield np.clip(mixed, -1, 1)
        at += len(block)
