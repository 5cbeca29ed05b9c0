"""The timed-text model: cues, texts shown or said from ``start`` to ``end``, and their words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from media_pipeline.media.geometry import Box

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Cue:
    r"""One caption or subtitle.

    ``text`` may hold line breaks (``\n``), one per row of the picture or file. ``box`` is where it
    stands in the picture, if it was read there; ``confidence`` is the engine's, 1.0 for text that a
    person or a file gave. ``doubtful`` marks text that was read with too little confidence to go
    unseen.
    """

    start: float
    end: float
    text: str
    confidence: float = 1.0
    box: Box | None = None
    doubtful: bool = False

    @property
    def duration(self) -> float:
        """Seconds on screen."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word (a character in Chinese and Japanese) with its time.

    ``source`` says where the time comes from: the name of an engine (``faster-whisper``,
    ``pocketsphinx``, ``whisperx``) or ``interpolated``. ``score`` is in [0, 1].
    """

    start: float
    end: float
    word: str
    score: float
    source: str

    def as_json(self) -> dict[str, Any]:
        """The word as ``words.json`` and ``transcript.json`` have it."""
        return {
            "word": self.word,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "score": round(self.score, 4),
            "source": self.source,
        }


def cues_from_table(table: pa.Table) -> list[Cue]:
    """Cues of a table: ``start, end, text`` and, where present, ``confidence, doubtful, x, y, w,
    h``.
    """
    cues = []
    for row in table.to_pylist():
        box = Box(row["x"], row["y"], row["w"], row["h"]) if row.get("x") is not None else None
        confidence = row.get("confidence")
        cues.append(
            Cue(
                row["start"],
                row["end"],
                row["text"],
                1.0 if confidence is None else confidence,
                box,
                bool(row.get("doubtful")),
            )
        )
    return cues


def cues_to_table(cues: Iterable[Cue], schema: pa.Schema, **columns: Sequence[Any]) -> pa.Table:
    """A table of cues with the given schema; ``columns`` adds what the cue itself does not hold.

    Boxes become the columns ``x, y, w, h`` (null without a box). Columns that the schema lacks are
    left out.
    """
    cues = list(cues)
    data: dict[str, Sequence[Any]] = {
        "start": [c.start for c in cues],
        "end": [c.end for c in cues],
        "text": [c.text for c in cues],
        "confidence": [c.confidence for c in cues],
        "doubtful": [c.doubtful for c in cues],
        **{side: [getattr(c.box, side) if c.box else None for c in cues] for side in "xywh"},
        **columns,
    }
    return _table(data, schema)


def words_from_table(table: pa.Table) -> list[Word]:
    """Words of a table with columns ``start, end, word, score, source``."""
    return [
        Word(r["start"], r["end"], r["word"], r["score"], r["source"]) for r in table.to_pylist()
    ]


def words_to_table(words: Iterable[Word], schema: pa.Schema, **columns: Sequence[Any]) -> pa.Table:
    """A table of words with the given schema; ``columns`` adds what the word does not hold."""
    rows = [asdict(w) for w in words]
    data: dict[str, Sequence[Any]] = {
        **{name: [r[name] for r in rows] for name in ("start", "end", "word", "score", "source")},
        **columns,
    }
    return _table(data, schema)


def _table(data: Mapping[str, Sequence[Any]], schema: pa.Schema) -> pa.Table:
    from pyarrow import table  # not at the top: cues alone do not need it, and it takes long

    return table({name: data[name] for name in schema.names}, schema=schema)
