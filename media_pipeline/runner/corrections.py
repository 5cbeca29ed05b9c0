"""Human corrections: captions that a person gives, as a table that no machine replaces."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from media_pipeline.errors import InvalidCaptions, printable
from media_pipeline.stages.base import Stage
from media_pipeline.stages.captions.canonical import human_captions
from media_pipeline.store import Manifest, MediaItem
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import read_cues

ASSET = "captions"
_TABLE = "captions.parquet"
_SLACK_S = 1.0  # as the table's own check allows
_REMEDY = "correct the file"


def read_correction(path: Path, duration: float) -> list[Cue]:
    """The cues of a corrected caption file, held against the film.

    Raises
    ------
    InvalidCaptions
        when there are none, or one lies outside the film.
    MediaNotFound, EmptyMedia
    """
    cues = sorted(read_cues(path), key=lambda cue: cue.start)
    if not cues:
        raise InvalidCaptions(f"{path.name} holds no captions", "give a file with at least one cue")
    for number, cue in enumerate(cues, start=1):
        _check(path.name, number, cue, duration)
    return [replace(cue, text=cue.text.strip(), confidence=1.0) for cue in cues]


def write_correction(cues: Sequence[Cue], folder: Path) -> None:
    """Write the captions' table."""
    pq.write_table(human_captions(cues), folder / _TABLE)


def correction_manifest(
    item: MediaItem, stage: Stage, cues: Sequence[Cue], fingerprint: str, name: str
) -> Manifest:
    """The manifest of a correction."""
    return Manifest(
        asset=stage.name,
        media_key=item.key,
        fingerprint=fingerprint,
        version=stage.version,
        why=f"a person gave {printable(name)}",
        sha256=item.sha256,
        facts={"source": "human", "cues": len(cues), "stream": None},
        origin="human",
    )


def content(cues: Sequence[Cue]) -> str:
    """A hash of what the cues say and when."""
    text = "\n".join(f"{c.start!r} {c.end!r} {c.box!r} {c.text!r}" for c in cues)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _check(name: str, number: int, cue: Cue, duration: float) -> None:
    where = f"cue {number} of {name}"
    if not (math.isfinite(cue.start) and math.isfinite(cue.end) and 0 <= cue.start < cue.end):
        raise InvalidCaptions(f"{where} does not end after it starts ({cue.start} s)", _REMEDY)
    if cue.end > duration + _SLACK_S:
        raise InvalidCaptions(
            f"{where} ends at {cue.end:.2f} s, after the film ({duration:.2f} s)", _REMEDY
        )
    if not cue.text.strip():
        raise InvalidCaptions(f"{where} has no text", _REMEDY)
