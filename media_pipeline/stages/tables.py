"""The tables of the lake: one Arrow schema each, with what must hold in it, declared once.

The runner validates every table against its :class:`TableSpec` before it is published, and the
Dagster asset checks are made from the same declaration. Times are float64 seconds, text is UTF-8,
boxes are normalised ``x, y, w, h``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_DURATION_SLACK_S = (
    1.0  # containers announce durations that differ from the last frame by up to a few frames
)
_ROUNDING_S = 1e-6


def column(name: str, kind: pa.DataType, description: str, *, nullable: bool = False) -> pa.Field:
    """A column with its description, which people see in the Dagster column schema."""
    return pa.field(name, kind, nullable=nullable, metadata={"description": description})


START = column("start", pa.float64(), "seconds from the start of the file, as players show them")
END = column("end", pa.float64(), "seconds, exclusive")
TEXT = column("text", pa.string(), "text; rows are separated by a line break")
BOX = [
    column(
        side,
        pa.float64(),
        f"{meaning} of the text, normalised to the displayed picture",
        nullable=True,
    )
    for side, meaning in zip("xywh", ("left edge", "top edge", "width", "height"), strict=True)
]

DOUBTFUL = column("doubtful", pa.bool_(), "read with less confidence than asked for: look at it")
_RECTANGLE = pa.struct([pa.field(side, pa.float64(), nullable=False) for side in "xywh"])


@dataclass(frozen=True)
class TableSpec:
    """A table's schema and the rules its rows keep.

    ``intervals``: columns ``start`` and ``end``, 0 <= start < end, and starts that never go back.
    ``exclusive``: besides, no row starts before the row above has ended.
    ``filled``: text columns that are never blank.
    """

    name: str
    description: str
    schema: pa.Schema
    intervals: bool = False
    exclusive: bool = False
    filled: tuple[str, ...] = ()

    def empty(self) -> pa.Table:
        """A table of this schema without rows."""
        return self.schema.empty_table()


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one rule on one table."""

    rule: str
    passed: bool
    detail: str


def check_table(
    table: pa.Table, spec: TableSpec, duration: float | None = None
) -> Iterator[Finding]:
    """Hold a table against its specification, one finding per rule.

    Parameters
    ----------
    table : the table as read from its file.
    spec : what must hold.
    duration : seconds of the media; when given, no row may end after it (one second of slack).
    """
    same = table.schema.equals(spec.schema)
    yield Finding(
        "schema",
        same,
        "as declared" if same else f"has {table.schema.names}, not {spec.schema.names}",
    )
    if not same:
        return
    nulls = [f.name for f in spec.schema if not f.nullable and table[f.name].null_count]
    yield Finding(
        "no_nulls", not nulls, f"nulls in {nulls}" if nulls else "no required value is missing"
    )
    if spec.intervals:
        yield from _check_intervals(table, spec, duration)
    for name in spec.filled:
        blank = sum(not (text or "").strip() for text in table[name].to_pylist())
        yield Finding(
            f"{name}_not_empty", blank == 0, f"{blank} of {table.num_rows} rows are blank"
        )


def _check_intervals(table: pa.Table, spec: TableSpec, duration: float | None) -> Iterator[Finding]:
    start, end = table["start"].to_numpy(), table["end"].to_numpy()
    finite = bool(np.isfinite(start).all() and np.isfinite(end).all())
    wrong = int((~((start >= 0) & (end > start))).sum())
    yield Finding(
        "positive_intervals", finite and wrong == 0, f"{wrong} rows do not satisfy 0 <= start < end"
    )
    back = int((np.diff(start) < 0).sum())
    yield Finding("monotone_times", back == 0, f"{back} rows start before the row above")
    if spec.exclusive:
        overlaps = int((start[1:] < end[:-1] - 1e-6).sum())
        yield Finding(
            "no_overlaps", overlaps == 0, f"{overlaps} rows start before the row above has ended"
        )
    if duration is not None:
        late = int((end > duration + _DURATION_SLACK_S).sum())
        yield Finding(
            "inside_the_media", late == 0, f"{late} rows end after the media ({duration:.2f} s)"
        )


def check_within(table: pa.Table, whole: pa.Table) -> Finding:
    """Whether each row lies in the time of the row of ``whole`` that its column ``cue`` numbers."""
    numbers = table["cue"].to_numpy()
    known = (numbers >= 0) & (numbers < whole.num_rows)
    outside = int((~known).sum())
    if not outside:
        start, end = (whole[name].to_numpy()[numbers] for name in ("start", "end"))
        inside = (table["start"].to_numpy() >= start - _ROUNDING_S) & (
            table["end"].to_numpy() <= end + _ROUNDING_S
        )
        outside = int((~inside).sum())
    return Finding("within", outside == 0, f"{outside} rows reach out of what they belong to")


# --- the schemas -------------------------------------------------------------------

EMBEDDED_CUES = TableSpec(
    "embedded_cues",
    "cues of the subtitle streams inside the file",
    pa.schema(
        [
            START,
            END,
            TEXT,
            column("stream", pa.int32(), "index of the subtitle stream in the file"),
            column("language", pa.string(), "language tag of the stream, ISO 639", nullable=True),
        ]
    ),
    filled=("text",),
)

FRAMES = TableSpec(
    "frames",
    "one row per analysed frame of the shared decode pass",
    pa.schema(
        [
            column("time", pa.float64(), "presentation time, seconds"),
            column("luma", pa.float32(), "mean luma, 0-255"),
            column(
                "sharpness", pa.float32(), "variance of the Laplacian of the small luma picture"
            ),
            column(
                "motion",
                pa.float32(),
                "mean absolute luma difference to the frame before, cuts included, 0-255",
            ),
            column("signature", pa.uint64(), "64-bit difference hash of the picture"),
            column("cut", pa.bool_(), "a new shot starts with this frame"),
        ]
    ),
)

SHOTS = TableSpec(
    "shots",
    "the shots of the film, without gaps",
    pa.schema(
        [
            START,
            END,
            column("kind", pa.string(), "how the shot starts: start, cut or dissolve"),
            column("thumbnail", pa.string(), "file name of its thumbnail beside the table"),
        ]
    ),
    intervals=True,
    exclusive=True,
)

OCR_CUES = TableSpec(
    "ocr_cues",
    "captions read off the picture",
    pa.schema(
        [
            START,
            END,
            TEXT,
            column("confidence", pa.float32(), "of the recogniser, 0-1"),
            DOUBTFUL,
            *BOX,
            column("lines", pa.list_(_RECTANGLE), "where each row of the text stands"),
            column("votes", pa.int32(), "readings that the text was made from, 1 to 3"),
            column("crop", pa.string(), "file name of the picture that was read, beside the table"),
        ]
    ),
    intervals=True,
    filled=("text",),
)

CAPTIONS = TableSpec(
    "captions",
    "the canonical captions of the media item",
    pa.schema(
        [
            START,
            END,
            TEXT,
            column(
                "confidence", pa.float32(), "of the recogniser, 0-1; 1 for human and embedded text"
            ),
            DOUBTFUL,
            *BOX,
            column("source", pa.string(), "human, embedded or ocr"),
        ]
    ),
    intervals=True,
    filled=("text",),
)

TRANSCRIPT = TableSpec(
    "transcript",
    "what is said, by segment, as recognised",
    pa.schema(
        [
            START,
            END,
            TEXT,
            column("confidence", pa.float32(), "of the recogniser, 0-1"),
            column("language", pa.string(), "ISO 639-1"),
        ]
    ),
    intervals=True,
    filled=("text",),
)

TRANSCRIPT_WORDS = TableSpec(
    "transcript_words",
    "the words of the transcript with the engine's own times; empty where it gives none",
    pa.schema(
        [
            START,
            END,
            column("word", pa.string(), "the word as written, punctuation attached"),
            column("score", pa.float32(), "confidence of the engine, 0-1"),
            column("source", pa.string(), "engine, or unplaced where its time is not believed"),
            column("cue", pa.int32(), "row of the transcript that the word belongs to"),
        ]
    ),
    filled=("word",),
)

SEGMENTS = TableSpec(
    "segments",
    "what is said, by segment, from its first word to the end of its last",
    TRANSCRIPT.schema,
    intervals=True,
    filled=("text",),
)

WORDS = TableSpec(
    "words",
    "spoken words (characters in Chinese and Japanese) with times",
    pa.schema(
        [
            START,
            END,
            column("word", pa.string(), "the word as written, punctuation attached"),
            column("score", pa.float32(), "confidence of the time, 0-1"),
            column("source", pa.string(), "engine that gave the time, or interpolated"),
            column(
                "cue",
                pa.int32(),
                "row of the segments that the word belongs to",
            ),
        ]
    ),
    intervals=True,
    filled=("word",),
)

DISAGREEMENTS = TableSpec(
    "disagreements",
    "where captions and speech disagree",
    pa.schema(
        [
            START,
            END,
            column(
                "kind",
                pa.string(),
                "of a cue: early, late (it comes), ends early, lingers, other words, no speech; "
                "of speech: no caption",
            ),
            column("cue", pa.int32(), "row of the captions", nullable=True),
            column("shown", pa.string(), "what the caption says in the spoken language"),
            column("said", pa.string(), "what was heard"),
            column(
                "off",
                pa.float64(),
                "seconds by which the cue comes or goes too late; negative: too early",
                nullable=True,
            ),
            column("source", pa.string(), "where the words' times come from", nullable=True),
        ]
    ),
    intervals=True,
)

SPEECH_CUES = TableSpec(
    "speech_cues",
    "subtitles made from the words by the subtitle rules",
    pa.schema([START, END, TEXT]),
    intervals=True,
    exclusive=True,
    filled=("text",),
)

HIGHLIGHTS = TableSpec(
    "highlights",
    "the moments chosen as highlights, in film order",
    pa.schema(
        [
            START,
            END,
            column("score", pa.float32(), "0-1, comparable between videos"),
            column(
                "tags",
                pa.list_(pa.string()),
                "what measured signals say: Shout, Music, FastCut, Motion",
            ),
            column(
                "signals",
                pa.map_(pa.string(), pa.float32()),
                "mean of each normalised signal over the highlight",
            ),
        ]
    ),
    intervals=True,
)

SCORES = TableSpec(
    "scores",
    "the highlight score and its normalised signals on a regular grid",
    pa.schema(
        [
            column("time", pa.float64(), "seconds"),
            column("score", pa.float32(), "highlight score, -1 to 1"),
            column("loudness", pa.float32(), "robust z of the loudness, gated by non-stationarity"),
            column("flux", pa.float32(), "robust z of the spectral flux"),
            column("contrast", pa.float32(), "level above the quiet parts"),
            column("music", pa.float32(), "robust z of notes that change"),
            column("motion", pa.float32(), "robust z of motion without cuts"),
            column("cuts", pa.float32(), "robust z of the cut rate"),
            column("speech", pa.float32(), "robust z of the speech rate"),
            column(
                "text", pa.float32(), "exclamations, questions and keywords in captions and words"
            ),
        ]
    ),
)

CLIPS = TableSpec(
    "clips",
    "the rendered clips",
    pa.schema(
        [
            START,
            END,
            column("file", pa.string(), "file name beside the table"),
            column("duration", pa.float64(), "seconds of the rendered file"),
            column("score", pa.float32(), "score of the highlight"),
        ]
    ),
    intervals=True,
)
