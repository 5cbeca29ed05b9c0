"""The canonical captions of a film: the stage ``captions``.

One source wins whole, for mixing them would show lines twice. What people wrote comes first: a
human correction (published as it is, see :func:`human_captions`), then a subtitle stream of the
file, then what was read off the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.errors import InvalidParameter, NoCaptionsFound
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import SubtitleStream
from media_pipeline.media.subtitles import subtitle_pictures
from media_pipeline.ocr.base import ENGINES, identify_engine, load_engine
from media_pipeline.stages.base import (
    Outcome,
    Resolution,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.captions.doubt import doubt_warnings, listed_times
from media_pipeline.stages.captions.pictures import SURE, read_pictures
from media_pipeline.stages.captions.streams import Candidate, candidates, ranked, short_code
from media_pipeline.stages.tables import CAPTIONS as SPEC
from media_pipeline.text.cues import Cue, cues_from_table, cues_to_table

_SAME_TIME = 0.5  # share of a cue's time that a caption in the picture must stand to be the same


class Params(StageParams):
    """What can be asked of the canonical captions."""

    language: str | None = Field(
        default=None,
        pattern="^[A-Za-z]{2,3}$",
        description="language of the subtitle stream to take from the file (ISO 639); empty takes "
        "the best one",
    )
    stream: int | None = Field(
        default=None, ge=0, description="index in the file of the subtitle stream to take"
    )
    embedded: bool = Field(
        default=True, description="whether subtitle streams of the file go before the picture"
    )
    engine: Literal["auto", "rapidocr", "easyocr"] = Field(
        "auto", description="text engine that reads subtitle streams of pictures"
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
    warnings: tuple[str, ...] = ()


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
    embedded: pa.Table,
    read: Sequence[Cue],
    duration: float,
    params: Params | None = None,
    *,
    streams: Sequence[SubtitleStream] = (),
    audio_language: str | None = None,
    read_stream: Callable[[int], Sequence[Cue]] | None = None,
) -> Choice:
    """Choose between the subtitle streams of a file and what was read off its picture.

    A stream wins over what was read. Among several the wanted language counts first, then what
    :func:`.streams.ranked` says; a stream in another language than the wanted one is taken only
    when nothing was read. Of streams of pictures only the chosen one is read.

    Parameters
    ----------
    embedded : columns ``start, end, text, stream, language``.
    read : captions read off the picture.
    duration : seconds of the film.
    streams : what probing found of the subtitle streams.
    audio_language : tag of the sound track in use.
    read_stream : gives the cues of a stream of pictures; without it those are left out.

    Raises
    ------
    InvalidParameter
        when a stream is asked for that the file does not have, or that holds no usable cue.
    """
    params = params or Params()
    if not params.embedded:
        return Choice(read, "ocr", "subtitle streams are not wanted")
    found, warnings = candidates(embedded, streams, duration)
    found = [one for one in found if one.cues is not None or read_stream is not None]
    wanted = _wanted(found, params, bool(read))
    for one in ranked(wanted, audio_language):
        cues = one.cues if one.cues is not None else (read_stream or _nothing)(one.index)
        if cues:
            asked = ": it was asked for" if params.stream is not None else f", out of {len(found)}"
            why = f"{one.named}, with {len(cues)} cues{asked}"
            return Choice(_placed(cues, read), "embedded", why, one.index, tuple(warnings))
        warnings.append(f"{one.named} holds no text that can be read")
    if params.stream is not None:
        raise _no_such_stream(params.stream, [one for one in found if one not in wanted])
    which = f" in {params.language}" if found and not wanted else ""
    why = f"the file has no usable subtitle stream{which}"
    return Choice(read, "ocr", why, warnings=tuple(warnings))


def _nothing(_stream: int) -> Sequence[Cue]:
    return ()


def _wanted(found: Sequence[Candidate], params: Params, has_read: bool) -> Sequence[Candidate]:
    """The streams that may be taken by the parameters."""
    if params.stream is not None:
        wanted = [one for one in found if one.index == params.stream]
        if not wanted:
            raise _no_such_stream(params.stream, found)
        return wanted
    if params.language is None:
        return found
    language = short_code(params.language)
    return [one for one in found if one.language == language] or ([] if has_read else found)


def _no_such_stream(index: int, found: Sequence[Candidate]) -> InvalidParameter:
    listed = ", ".join(str(one.index) for one in found) or "none"
    return InvalidParameter(
        f"stream is {index}, and the subtitle streams with usable text are: {listed}",
        "leave it empty or choose one of them",
    )


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


def _engine_name(params: Params) -> str:
    return ENGINES[0] if params.engine == "auto" else params.engine


def _resolve(work: Work) -> Resolution:
    """Name the text engine where there are pictures that it may have to read."""
    params: Params = work.params
    if not (params.embedded and any(stream.pictures for stream in work.info.subtitles)):
        return Resolution(params)
    name = _engine_name(params)
    why = "the file has subtitle streams of pictures, which it reads"
    return Resolution(
        params.model_copy(update={"engine": name}), identify_engine(name).as_dict(), why
    )


def _run(work: Work) -> Outcome:
    params: Params = work.params
    ocr = work.inputs["ocr_cues"]
    read = cues_from_table(ocr.table("cues.parquet"))
    sound = next((s for s in work.info.audio if s.index == work.info.audio_index), None)

    warnings: list[str] = []

    def read_stream(index: int) -> Sequence[Cue]:
        engine = load_engine(_engine_name(params), work.environment)
        pictures = subtitle_pictures(work.media, index, work.info.duration)
        shown = list(_reported(read_pictures(pictures, engine), work))
        cues = [cue for cue in shown if cue.text]
        blank = [cue.start for cue in shown if not cue.text]
        if blank:
            warnings.append(
                f"in {len(blank)} of {len(shown)} pictures of subtitle stream {index} nothing "
                f"could be read: {listed_times(blank)}"
            )
        warnings.extend(doubt_warnings(cues, SURE))
        return cues

    choice = choose_captions(
        work.inputs["source"].table("embedded_cues.parquet"),
        read,
        work.info.duration,
        params,
        streams=work.info.subtitles,
        audio_language=sound.language if sound is not None else None,
        read_stream=read_stream,
    )
    if not choice.cues:
        raise_reason(ocr)
        raise NoCaptionsFound(
            f"{work.name} has no captions", "give another roi, or correct it with a subtitle file"
        )
    pq.write_table(_table(choice.cues, choice.source), work.out / "captions.parquet")
    facts = {"source": choice.source, "stream": choice.stream, "why": choice.why}
    return Outcome({**facts, "cues": len(choice.cues)}, [*choice.warnings, *warnings])


def _reported(cues: Iterable[Cue], work: Work) -> Iterator[Cue]:
    for cue in cues:
        work.progress(min(1.0, cue.end / max(work.info.duration, 1e-3)))
        yield cue


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
    resolve=_resolve,
    kinds=("parquet",),
    pool="ocr",
)
