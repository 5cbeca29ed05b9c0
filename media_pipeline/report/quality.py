"""How good the reading of captions is: what was read against what a person made of it.

Each correction holds its figures among its facts, so that a lake tells of its own quality over
time and over changes of engine.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from media_pipeline.settings import Settings
from media_pipeline.store import Store
from media_pipeline.text.cues import Cue

if TYPE_CHECKING:
    import pandas as pd

FACT = "reading"
"""Name of the fact of a correction that holds the figures."""


@dataclass(frozen=True, slots=True)
class ReadingQuality:
    """What was read, held against a person's captions of the same film.

    Attributes
    ----------
    characters : of the person's captions, blanks collapsed.
    errors : characters to change, add or drop (Levenshtein distance of the whole texts, in time
        order), so that a cue that was split or merged counts for nothing and a missed one in full.
    cues : of the person.
    exact : of these, shown while a cue was read that says the same.
    missed : of these, shown while nothing was read.
    spurious : cues that were read while the person has none.
    doubtful : cues that were read and marked as doubtful.
    """

    characters: int
    errors: int
    cues: int
    exact: int
    missed: int
    spurious: int
    doubtful: int

    @property
    def character_error(self) -> float:
        """Errors per character, 0 when nothing was to change."""
        return self.errors / max(self.characters, 1)


def reading_quality(read: Sequence[Cue], right: Sequence[Cue]) -> ReadingQuality:
    """The figures of a reading.

    Parameters
    ----------
    read : what the machine read, in any order.
    right : what a person made of it.
    """
    texts = [" ".join(_plain(cue.text) for cue in _sorted(cues)) for cues in (right, read)]
    index = _Index(read)
    found = [index.meanwhile(cue) for cue in right]
    known = _Index(right)
    return ReadingQuality(
        characters=len(texts[0]),
        errors=int(Levenshtein.distance(*texts)),
        cues=len(right),
        exact=sum(
            _plain(cue.text) in {_plain(one.text) for one in near}
            for cue, near in zip(right, found, strict=True)
        ),
        missed=sum(not near for near in found),
        spurious=sum(not known.meanwhile(cue) for cue in read),
        doubtful=sum(cue.doubtful for cue in read),
    )


def quality(lake: str | Path | None = None) -> pd.DataFrame:
    """The figures of all corrections in a lake, the oldest first.

    Parameters
    ----------
    lake : path or URI; by default the one of the settings.

    Returns
    -------
    pandas.DataFrame
        one row for each correction of captions that had been read: ``media_key``, ``name``,
        ``created``, ``current`` (whether it is the last word), ``engine``, the figures of
        :class:`ReadingQuality` and ``character_error``.
    """
    import pandas as pd

    store = Store.from_settings(Settings()) if lake is None else Store(lake)
    rows = []
    for item in store.media.all():
        current = store.current("captions", item.key)
        for artifact in store.artifacts("captions", item.key):
            figures = artifact.facts.get(FACT)
            if artifact.human and figures:
                last = current is not None and current.fingerprint == artifact.fingerprint
                rows.append(
                    {
                        "media_key": item.key,
                        "name": item.name,
                        "created": artifact.manifest.created,
                        "current": last,
                        **figures,
                    }
                )
    columns = ["media_key", "name", "created", "current", "engine", *COLUMNS]
    frame = pd.DataFrame(rows, columns=columns)
    frame["created"] = pd.to_datetime(frame["created"], utc=True)
    return frame.sort_values("created", ignore_index=True)


COLUMNS = (*ReadingQuality.__dataclass_fields__, "character_error")
"""The figures by name."""


class _Index:
    """Cues by time."""

    def __init__(self, cues: Sequence[Cue]) -> None:
        self._cues = _sorted(cues)
        self._starts = [cue.start for cue in self._cues]
        self._ends = list(accumulate((cue.end for cue in self._cues), max))

    def meanwhile(self, cue: Cue) -> list[Cue]:
        """The cues that are shown while this one is."""
        first = bisect_left(self._ends, cue.start)
        last = bisect_left(self._starts, cue.end)
        return [c for c in self._cues[first:last] if min(c.end, cue.end) > max(c.start, cue.start)]


def _sorted(cues: Sequence[Cue]) -> list[Cue]:
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _plain(text: str) -> str:
    """Composed characters, blanks and line breaks as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())
