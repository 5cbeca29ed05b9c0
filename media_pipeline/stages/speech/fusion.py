"""Captions held against what is said: where the two disagree, and the captions at the times of the
speech.

The words of the captions are laid against the words that were heard (or aligned), over the whole
film at once, so each cue is known by what it says and not by when it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.asr.base import Span
from media_pipeline.asr.fill import INTERPOLATED
from media_pipeline.asr.vad import overlap, speech_spans
from media_pipeline.errors import NoCaptionsFound
from media_pipeline.stages.base import (
    FileOutput,
    Outcome,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.speech.audio import listen
from media_pipeline.stages.tables import DISAGREEMENTS
from media_pipeline.text.cues import Cue, Word, cues_from_table, words_from_table
from media_pipeline.text.formats import write_cues
from media_pipeline.text.heard import Heard, letters, listen_for
from media_pipeline.text.rules import Rules, rules_for
from media_pipeline.text.scripts import join_tokens, tokens

Kind = Literal["early", "late", "ends early", "lingers", "other words", "no speech", "no caption"]

_SPEECH_SHARE = 0.1  # of a cue's time; with less nobody speaks in it


class Params(StageParams):
    """What can be asked of the comparison."""

    tolerance: float = Field(
        default=0.3, ge=0.04, le=5, description="seconds that a cue may be beside its speech"
    )
    linger: float = Field(
        default=1.5, ge=0.04, le=30, description="seconds that a cue may stay after its speech"
    )
    uncaptioned: float = Field(
        default=1.0, ge=0.2, le=60, description="shortest speech without caption to report, s"
    )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One place where captions and speech disagree."""

    start: float
    end: float
    kind: Kind
    cue: int | None
    """Row of the captions."""
    shown: str
    said: str
    off: float | None
    """Seconds by which the cue's start or end is late; negative when early."""
    source: str | None
    """Where the words' times come from; ``interpolated`` ones are estimates."""


def compare(
    heard: Sequence[Heard],
    words: Sequence[Word],
    speech: Sequence[Span],
    params: Params | None = None,
) -> list[Disagreement]:
    """Where captions and speech disagree, in time order.

    Parameters
    ----------
    heard : the captions, as :func:`~media_pipeline.text.heard.listen_for` gives them.
    words : all that was heard; may be empty.
    speech : where speech is, in seconds.
    """
    params = params or Params()
    found = list(_uncaptioned([h.cue for h in heard], words, speech, params))
    for row, one in enumerate(heard):
        cue = one.cue
        if not one.words and overlap(speech, cue.start, cue.end) < _SPEECH_SHARE * cue.duration:
            found.append(_of(cue, row, "no speech", []))
        elif one.said:
            found.extend(_beside(cue, row, one.words, params))
        elif words and one.count:
            inside = [w for w in words if cue.start <= (w.start + w.end) / 2 < cue.end]
            found.append(_of(cue, row, "other words", inside))
    return sorted(found, key=lambda d: (d.start, d.end))


def corrected(captions: Sequence[Cue], heard: Sequence[Heard], rules: Rules) -> list[Cue]:
    """The captions at the times of their speech; those that were not heard stay.

    A cue comes with its first word and goes after its last: when it went before, but at most half a
    second after, and never into the next one. Guessed times move nothing.
    """
    moved = []
    for cue, one in zip(captions, heard, strict=True):
        if one.said and any(w.source != INTERPOLATED for w in one.words):
            start, last = min(w.start for w in one.words), max(w.end for w in one.words)
            end = max(last, min(cue.end, last + rules.out_frames * rules.frame))
            moved.append(replace(cue, start=start, end=max(end, start + rules.min_duration)))
        else:
            moved.append(cue)
    moved.sort(key=lambda cue: cue.start)
    fitted = [
        replace(one, end=max(min(one.end, after.start - rules.gap), one.start + rules.frame))
        for one, after in pairwise(moved)
    ]
    return [*fitted, *moved[-1:]]


def _beside(cue: Cue, row: int, own: Sequence[Word], params: Params) -> Iterator[Disagreement]:
    first, last = min(w.start for w in own), max(w.end for w in own)
    parts = [token for token in tokens(cue.text) if letters(token)]
    # What comes before the first word that was heard takes its time as well.
    heard_first = letters(own[0].word) in map(letters, parts[:2])
    heard_last = letters(own[-1].word) in map(letters, parts[-2:])
    if heard_first and cue.start - first > params.tolerance:
        yield replace(_of(cue, row, "late", own), off=cue.start - first)
    if heard_first and first - cue.start > params.tolerance:
        yield replace(_of(cue, row, "early", own), off=cue.start - first)
    if heard_last and last - cue.end > params.tolerance:
        yield replace(_of(cue, row, "ends early", own), off=cue.end - last)
    if heard_last and cue.end - last > params.linger:
        yield replace(_of(cue, row, "lingers", own), off=cue.end - last)


def _of(cue: Cue, row: int, kind: Kind, words: Sequence[Word]) -> Disagreement:
    said = join_tokens([w.word for w in words])
    source = Counter(w.source for w in words).most_common(1)[0][0] if words else None
    return Disagreement(cue.start, cue.end, kind, row, cue.text, said, None, source)


def _uncaptioned(
    captions: Sequence[Cue], words: Sequence[Word], speech: Sequence[Span], params: Params
) -> Iterator[Disagreement]:
    """Stretches of speech with no caption over them."""
    shown = [(c.start - params.tolerance, c.end + params.tolerance) for c in captions]
    for start, end in _joined(speech, params.tolerance):
        for low, high in _outside((start, end), shown):
            if overlap(speech, low, high) >= params.uncaptioned:
                said = [w for w in words if low <= (w.start + w.end) / 2 < high]
                yield replace(_of(Cue(low, high, ""), 0, "no caption", said), cue=None)


def _joined(spans: Sequence[Span], gap: float) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and start - found[-1][1] <= gap:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _outside(span: Span, covers: Sequence[Span]) -> Iterator[Span]:
    """The parts of a span that no cover lies over; covers in order of their starts."""
    at = span[0]
    for start, end in covers:
        if start >= span[1]:
            break
        if end > at:
            if start > at:
                yield at, start
            at = end
    if at < span[1]:
        yield at, span[1]


def _run(work: Work) -> Outcome:
    samples, window = listen(work.inputs["audio"])
    captions = work.inputs["captions"]
    raise_reason(captions)
    cues = cues_from_table(captions.table("captions.parquet"))
    if not cues:
        raise NoCaptionsFound(f"{work.name} has no captions to hold against its speech")
    language = work.inputs["language"].facts.get("language")
    words = words_from_table(work.inputs["words"].table("words.parquet"))
    speech = speech_spans(samples, window, progress=work.progress)
    heard = listen_for(cues, words, language)
    found = compare(heard, words, speech, work.params)
    columns = {name: [getattr(d, name) for d in found] for name in DISAGREEMENTS.schema.names}
    table = pa.table(columns, schema=DISAGREEMENTS.schema)
    pq.write_table(table, work.out / "disagreements.parquet")
    rules = rules_for(language, work.info.video.fps if work.info.video else None)
    write_cues(corrected(cues, heard, rules), work.out / "spoken.srt")
    count = sum(one.count for one in heard)
    agreeing = sum(len(one.words) for one in heard)
    work.progress(1.0)
    return Outcome(
        {
            "kinds": dict(Counter(d.kind for d in found).most_common()),
            "captions_said": sum(one.said for one in heard),
            "words_agreeing": round(agreeing / count, 3) if count else None,
        }
    )


CAPTION_SPEECH = Stage(
    name="caption_speech",
    group="speech",
    description="Captions held against what is said: cues that come or go too early or too late, "
    "speech without caption, captions that nobody says; and the captions at the times of the "
    "speech as an SRT file.",
    version="1",
    params=Params,
    outputs=(TableOutput("disagreements.parquet", DISAGREEMENTS), FileOutput("spoken.srt")),
    run=_run,
    inputs=("audio", "captions", "language", "words"),
    kinds=("parquet", "srt"),
    pool="asr",
)
