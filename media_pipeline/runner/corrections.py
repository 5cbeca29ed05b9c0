"""Human corrections: captions that a person gives, as a table that no machine replaces."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from media_pipeline.errors import InvalidCaptions, printable
from media_pipeline.report.quality import FACT, reading_quality
from media_pipeline.stages.base import Stage
from media_pipeline.stages.captions.canonical import human_captions
from media_pipeline.store import Manifest, MediaItem, Store, StoredArtifact
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.formats import read_cues

ASSET, READ = "captions", "ocr_cues"
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


def what_was_read(store: Store, key: str) -> StoredArtifact | None:
    """The captions read off the picture that a correction corrects.

    None when there are none, and when the captions that a person saw came from a subtitle stream of
    the file: then the two may not even be in one language.
    """
    shown = store.current(ASSET, key)
    if shown is not None:
        read_off = FACT in shown.facts if shown.human else shown.facts.get("source") == "ocr"
        if not read_off:
            return None
    read = store.current(READ, key)
    return read if read is not None and read.reason is None else None


def write_correction(cues: Sequence[Cue], read: StoredArtifact | None, folder: Path) -> None:
    """Write the captions' table; cues stand where the captions were that were read."""
    pq.write_table(human_captions(cues, _cues_of(read)), folder / _TABLE)


def _cues_of(read: StoredArtifact | None) -> list[Cue]:
    return cues_from_table(read.table("cues")) if read is not None else []


def _figures(cues: Sequence[Cue], read: StoredArtifact) -> dict[str, Any]:
    found = reading_quality(_cues_of(read), cues)
    return {
        "engine": " ".join((read.manifest.engine or {}).values()),
        **asdict(found),
        "character_error": round(found.character_error, 6),
    }


def correction_manifest(
    item: MediaItem,
    stage: Stage,
    cues: Sequence[Cue],
    fingerprint: str,
    name: str,
    read: StoredArtifact | None = None,
) -> Manifest:
    """The manifest of a correction, with the figures of the reading that it corrects."""
    return Manifest(
        asset=stage.name,
        media_key=item.key,
        fingerprint=fingerprint,
        version=stage.version,
        why=f"a person gave {printable(name)}",
        sha256=item.sha256,
        inputs={READ: read.fingerprint} if read is not None else {},
        facts={
            "source": "human",
            "cues": len(cues),
            "stream": None,
            **({FACT: _figures(cues, read)} if read is not None else {}),
        },
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
