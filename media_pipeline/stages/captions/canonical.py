"""The canonical captions of a film: the stage ``captions``.

One source wins whole, for mixing them would show lines twice. What people wrote comes first: a
human correction (published as it is, see :func:`human_captions`), then a subtitle stream of the
file, then what was read off the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.errors import InvalidParameter, NoCaptionsFound
from media_pipeline.media.geometry import Box
from media_pipeline.stages.base import (
    Outcome,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.tables import CAPTIONS as SPEC
from media_pipeline.text.cues import Cue, cues_from_table, cues_to_table
from media_pipeline.text.scripts import guess_language

_INSIDE = 0.5  # share of a stream's cues that must lie inside the film: else it is another film's
_SAME_TIME = 0.5  # share of a cue's time that a caption in the picture must stand to be the same

# ISO 639-2 codes of subtitle streams whose ISO 639-1 code is not their first two letters.
_SHORT = {
    "chi": "zh", "zho": "zh", "cmn": "zh", "yue": "zh", "jpn": "ja", "ger": "de", "deu": "de",
    "spa": "es", "por": "pt", "pol": "pl", "dut": "nl", "nld": "nl", "gre": "el", "ell": "el",
    "cze": "cs", "ces": "cs", "swe": "sv", "tur": "tr", "per": "fa", "fas": "fa", "may": "ms",
    "msa": "ms", "ice": "is", "isl": "is", "ind": "id", "ukr": "uk", "est": "et", "slv": "sl",
}  # fmt: skip


class Params(StageParams):
    """What can be asked of the canonical captions."""

    language: str | None = Field(
        default=None,
        pattern="^[A-Za-z]{2,3}$",
        description="language of the subtitle stream to take from the file (ISO 639); empty takes "
        "the stream with most cues",
    )
    stream: int | None = Field(
        default=None, ge=0, description="index in the file of the subtitle stream to take"
    )
    embedded: bool = Field(
        default=True, description="whether subtitle streams of the file go before the picture"
    )


@dataclass(frozen=True)
class Choice:
    """The captions that were chosen, and why."""

    cues: Sequence[Cue]
    source: str
    """``embedded`` or ``ocr``."""
    why: str
    stream: int | None = None
    """Index in the file of the subtitle stream, if one was taken."""


def human_captions(cues: Sequence[Cue], read: Sequence[Cue] = ()) -> pa.Table:
    """The table of captions that a person gave.

    Parameters
    ----------
    cues : in any order.
    read : captions read off the picture; a cue that shows while one of them does gets its place in
        the picture, so that renderings know where text already stands.
    """
    placed = _placed(sorted(cues, key=lambda c: (c.start, c.end)), read)
    return _table([replace(cue, confidence=1.0) for cue in placed], "human")


def choose_captions(
    embedded: pa.Table, read: Sequence[Cue], duration: float, params: Params | None = None
) -> Choice:
    """Choose between the subtitle streams of a file and what was read off its picture.

    A stream wins over what was read. Streams without a cue inside the film, or with most of them
    outside, are left out. Among several the wanted language counts first, then the number of cues;
    a stream in another language than the wanted one is taken only when nothing was read.

    Parameters
    ----------
    embedded : columns ``start, end, text, stream, language``.
    read : captions read off the picture.
    duration : seconds of the film.

    Raises
    ------
    InvalidParameter
        when a stream is asked for that the file does not have, or that holds no usable cue.
    """
    params = params or Params()
    streams = _usable_streams(embedded, duration) if params.embedded else {}
    if params.stream is not None and params.embedded:
        return _asked_for(params.stream, streams, read)
    wanted = streams
    if params.language is not None:
        language = _short_code(params.language)
        wanted = {i: s for i, s in streams.items() if s.language == language}
    if not wanted and not read:
        wanted = streams
    if not wanted:
        which = f" in {params.language}" if streams else ""
        none = f"the file has no usable subtitle stream{which}"
        return Choice(read, "ocr", none if params.embedded else "subtitle streams are not wanted")
    index = max(wanted, key=lambda i: (len(wanted[i].cues), -i))
    why = f"{_named(index, wanted[index])}, out of {len(streams)}"
    return Choice(_placed(wanted[index].cues, read), "embedded", why, index)


@dataclass(frozen=True)
class _Stream:
    cues: Sequence[Cue]
    language: str | None


def _named(index: int, stream: _Stream) -> str:
    language = f" ({stream.language})" if stream.language else ""
    return f"subtitle stream {index}{language} of the file, with {len(stream.cues)} cues"


def _asked_for(index: int, streams: dict[int, _Stream], read: Sequence[Cue]) -> Choice:
    if index not in streams:
        listed = ", ".join(map(str, streams)) or "none"
        raise InvalidParameter(
            f"stream is {index}, and the subtitle streams with usable text are: {listed}",
            "leave it empty or choose one of them",
        )
    why = f"{_named(index, streams[index])}: it was asked for"
    return Choice(_placed(streams[index].cues, read), "embedded", why, index)


def _usable_streams(embedded: pa.Table, duration: float) -> dict[int, _Stream]:
    rows = embedded.to_pylist()
    streams: dict[int, _Stream] = {}
    for index in sorted({row["stream"] for row in rows}):
        own = [row for row in rows if row["stream"] == index]
        inside = (
            Cue(max(0.0, row["start"]), min(row["end"], duration), row["text"].strip())
            for row in own
        )
        cues = sorted(
            (c for c in inside if c.text and c.end > c.start), key=lambda c: (c.start, c.end)
        )
        if cues and len(cues) >= _INSIDE * len(own):
            streams[index] = _Stream(cues, _language(own[0]["language"], cues))
    return streams


def _language(tag: str | None, cues: Sequence[Cue]) -> str | None:
    """ISO 639-1 of a stream's tag, or of the script that its text is written in."""
    code = _short_code(tag or "und")
    return guess_language("\n".join(c.text for c in cues[:50])) if code == "un" else code


def _short_code(tag: str) -> str:
    """ISO 639-1 of a tag such as ``chi``, ``zh-Hans`` or ``eng``."""
    code = tag.lower().replace("_", "-").split("-")[0]
    return _SHORT.get(code, code[:2])


def _placed(cues: Sequence[Cue], read: Sequence[Cue]) -> list[Cue]:
    """The cues, each without a box given that of the caption in the picture shown with it."""
    return [cue if cue.box else replace(cue, box=_box(cue, read)) for cue in cues]


def _box(cue: Cue, read: Sequence[Cue]) -> Box | None:
    best = max(read, key=lambda other: _common(cue, other), default=None)
    if best is None or _common(cue, best) < _SAME_TIME * min(cue.duration, best.duration):
        return None
    return best.box


def _common(one: Cue, other: Cue) -> float:
    return min(one.end, other.end) - max(one.start, other.start)


def _table(cues: Sequence[Cue], source: str) -> pa.Table:
    return cues_to_table(cues, SPEC.schema, source=[source] * len(cues))


def _run(work: Work) -> Outcome:
    ocr = work.inputs["ocr_cues"]
    read = cues_from_table(ocr.table("cues.parquet"))
    embedded = work.inputs["source"].table("embedded_cues.parquet")
    choice = choose_captions(embedded, read, work.info.duration, work.params)
    if not choice.cues:
        raise_reason(ocr)
        raise NoCaptionsFound(
            f"{work.name} has no captions", "give another roi, or correct it with a subtitle file"
        )
    pq.write_table(_table(choice.cues, choice.source), work.out / "captions.parquet")
    facts = {"source": choice.source, "stream": choice.stream, "why": choice.why}
    return Outcome({**facts, "cues": len(choice.cues)})


CAPTIONS = Stage(
    name="captions",
    group="captions",
    description="The canonical captions: a person's corrections, else a subtitle stream of the "
    "file, else what was read off the picture.",
    version="2",
    params=Params,
    inputs=("source", "ocr_cues"),
    outputs=(TableOutput("captions.parquet", SPEC),),
    run=_run,
    kinds=("parquet",),
)
