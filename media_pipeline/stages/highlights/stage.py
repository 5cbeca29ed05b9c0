"""The asset ``highlight_candidates``: the moments of a film that stand out, with their scores.

Signals of sound, picture and text are measured from the upstream artifacts, never by decoding the
film again; only an action engine, where one is installed and asked for, sees pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from media_pipeline.asr.sound import map_wav, piece
from media_pipeline.asr.vad import speech_spans
from media_pipeline.errors import EngineUnavailable, NothingToDo
from media_pipeline.media.audio import iter_audio
from media_pipeline.media.decode import frame_at
from media_pipeline.stages.base import (
    Artifact,
    Outcome,
    Progress,
    Resolution,
    Stage,
    TableOutput,
    Work,
)
from media_pipeline.stages.highlights.actions import (
    LIKELY,
    PICTURES,
    ActionEngine,
    find_engine,
    identify_engine,
)
from media_pipeline.stages.highlights.candidates import Highlight, Params, rank_moments
from media_pipeline.stages.highlights.edges import Landmarks, pauses_of, unworded
from media_pipeline.stages.highlights.picture import Picture, measure_picture
from media_pipeline.stages.highlights.prints import Print, alike, picture_print, sound_print
from media_pipeline.stages.highlights.signals import WEIGHTS, Signals, combine, score
from media_pipeline.stages.highlights.sound import STEP, Array, Sound, Times, measure_sound
from media_pipeline.stages.highlights.tables import CANDIDATES
from media_pipeline.stages.highlights.tags import Measured, tags_of
from media_pipeline.stages.highlights.talk import Talk, measure_talk
from media_pipeline.stages.tables import HIGHLIGHTS, SCORES
from media_pipeline.text.cues import cues_from_table, words_from_table

_RATE = 16000


@dataclass(frozen=True, slots=True)
class _Measures:
    """What was measured in a film; None for what it does not have."""

    sound: Sound | None
    voice: Times | None
    picture: Picture | None
    talk: Talk | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    moment: Highlight
    print: Print
    like: int | None = None
    """Rank of the better one that shows the same."""
    chosen: bool = False


def _run(work: Work) -> Outcome:
    params: Params = work.params
    duration = work.info.duration
    cells = max(1, math.ceil(duration / STEP - 1e-6))
    measures = _measure(work, cells)
    if measures.sound is None and measures.picture is None:
        raise NothingToDo(
            f"{work.name} has neither sound nor moving picture to find highlights in",
            "give a film that lasts longer than one frame",
        )
    signals = combine(
        cells,
        measures.sound,
        measures.picture,
        measures.talk,
        voice=measures.voice,
        clip_duration=params.clip_duration,
    )
    landmarks = _landmarks(measures, duration)
    measured = Measured(signals, measures.sound, measures.picture, landmarks.words)
    engine, unsupported = _engine(work)
    tagged = [
        replace(m, tags=tags_of(m.start, m.end, measured))
        for m in rank_moments(signals, landmarks, params)
    ]
    candidates = _choose(tagged, work, params.count)
    if engine is not None:
        candidates = [_acted(c, work, engine, params.custom_actions) for c in candidates]
    found = sorted((c.moment for c in candidates if c.chosen), key=lambda m: m.start)
    pq.write_table(_highlights_table(found), work.out / "highlights.parquet")
    pq.write_table(_candidates_table(candidates), work.out / "candidates.parquet")
    total = score(signals, WEIGHTS | params.weights)
    pq.write_table(_scores_table(total, signals), work.out / "scores.parquet")
    return _outcome(work, found, measures, unsupported)


def _outcome(
    work: Work, found: Sequence[Highlight], measures: _Measures, unsupported: list[str]
) -> Outcome:
    params, voice = work.params, measures.voice
    facts: dict[str, Any] = {
        "highlights": len(found),
        "best": round(max((h.score for h in found), default=0.0), 4),
        "speech_seconds": 0.0 if voice is None else round(float(np.diff(voice).sum()), 2),
        "worded": measures.talk is not None,
    }
    warnings = []
    if work.info.duration < params.clip_duration:
        warnings.append(
            f"the film lasts {work.info.duration:.2f} s, less than the {params.clip_duration:g} s "
            "asked for: a highlight is what fits"
        )
    if unsupported:
        facts["unsupported_actions"] = unsupported
        warnings.append(f"no engine here recognises {', '.join(unsupported)}")
    return Outcome(facts=facts, warnings=warnings)


# --- measuring ------------------------------------------------------------------------------------


def _measure(work: Work, cells: int) -> _Measures:
    audio = work.inputs["audio"]
    said = words_from_table(work.inputs["words"].table("words.parquet"))
    shown = cues_from_table(work.inputs["captions"].table("captions.parquet"))
    return _Measures(
        _sound(audio, cells, work.info.duration, work.progress),
        _voice(audio),
        _picture(work.inputs["frames"], cells),
        measure_talk(said, shown, cells, keywords=work.params.keywords),
    )


def _landmarks(measures: _Measures, duration: float) -> Landmarks:
    sound, picture, talk = measures.sound, measures.picture, measures.talk
    voice = measures.voice
    if voice is not None and talk is not None:
        voice = unworded(voice, talk.words)
    return Landmarks.of(
        duration,
        pauses=None if sound is None else pauses_of(sound.pauses, measures.voice, duration),
        cuts=None if picture is None else picture.cuts,
        words=None if talk is None else talk.words,
        sentences=None if talk is None else talk.sentences,
        voice=voice,
        level=None if sound is None else sound.level,
        quiet=None if sound is None else sound.pauses,
    )


def _sound(audio: Artifact, cells: int, duration: float, progress: Progress) -> Sound | None:
    if audio.reason is not None:
        return None
    blocks = iter_audio(audio.path("speech.wav"), rate=_RATE)
    return measure_sound(_told(blocks, duration, progress), _RATE, cells)


def _voice(audio: Artifact) -> Times | None:
    """Where somebody speaks; None for a film without sound, or without the detector."""
    if audio.reason is not None:
        return None
    samples = map_wav(audio.path("speech.wav"))
    try:
        return np.array(speech_spans(samples), np.float64).reshape(-1, 2)
    except EngineUnavailable:
        return None


def _told(
    blocks: Iterable[NDArray[np.float32]], duration: float, progress: Progress
) -> Iterator[NDArray[np.float32]]:
    """The same blocks, with progress: the sound is nearly all of the work."""
    samples = 0
    for block in blocks:
        yield block
        samples += len(block)
        progress(min(0.8, samples / _RATE / max(duration, STEP)))


def _picture(frames: Artifact, cells: int) -> Picture | None:
    if frames.reason is not None:
        return None
    table = frames.table("frames.parquet")
    return measure_picture(
        table["time"].to_numpy(),
        table["motion"].to_numpy(),
        table["cut"].to_numpy(),
        cells,
        luma=table["luma"].to_numpy(),
        signature=table["signature"].to_numpy(),
    )


# --- choosing -------------------------------------------------------------------------------------


def _choose(moments: Sequence[Highlight], work: Work, count: int) -> list[_Candidate]:
    """The best moments, each of which shows something that no better one shows."""
    prints = _prints(moments, work)
    found: list[_Candidate] = []
    for moment, mark in zip(moments, prints, strict=True):
        like = next(
            (n for n, c in enumerate(found, 1) if c.like is None and alike(mark, c.print)), None
        )
        chosen = like is None and sum(c.chosen for c in found) < count
        found.append(_Candidate(moment, mark, like, chosen))
    return found


def _prints(moments: Sequence[Highlight], work: Work) -> list[Print]:
    frames, audio = work.inputs["frames"], work.inputs["audio"]
    time, signature = np.empty(0), np.empty(0, np.uint64)
    if frames.reason is None:
        table = frames.table("frames.parquet")
        time, signature = table["time"].to_numpy(), table["signature"].to_numpy()
    samples = None if audio.reason is not None else map_wav(audio.path("speech.wav"))
    return [
        Print(
            picture_print(time, signature, m.start, m.end),
            np.empty(0, np.uint32)
            if samples is None
            else sound_print(piece(samples, m.start, m.end), _RATE),
        )
        for m in moments
    ]


def _resolve(work: Work) -> Resolution:
    """An engine that is installed later sees what was unsupported before: another result."""
    asked = work.params.enable_action_recog and work.params.custom_actions
    return Resolution(work.params, identify_engine(work.environment.model_dir) if asked else None)


def _engine(work: Work) -> tuple[ActionEngine | None, list[str]]:
    """The engine for the actions asked for, and the actions that nobody recognises."""
    params: Params = work.params
    if not params.enable_action_recog or not params.custom_actions:
        return None, []
    engine = find_engine(work.environment.model_dir)
    known = engine.supported(params.custom_actions) if engine is not None else []
    return engine, [a for a in params.custom_actions if a not in known]


def _acted(
    candidate: _Candidate, work: Work, engine: ActionEngine, wanted: Sequence[str]
) -> _Candidate:
    """The candidate with the tags of the actions seen in it; one that is not chosen may yet take
    the place of what another film has shown.
    """
    actions = engine.supported(wanted)
    if candidate.like is not None or not actions or work.info.video is None:
        return candidate
    moment = candidate.moment
    places = np.linspace(moment.start, moment.end, PICTURES + 2)[1:-1]
    pictures = [frame_at(work.media, float(at), width=320) for at in places]
    seen = engine.recognise(pictures, actions)
    tags = [*moment.tags, *(a for a in actions if seen.get(a, 0.0) >= LIKELY)]
    return replace(candidate, moment=replace(moment, tags=tags))


# --- tables ---------------------------------------------------------------------------------------


def _highlights_table(found: Sequence[Highlight]) -> pa.Table:
    rows: dict[str, list[Any]] = {
        "start": [h.start for h in found],
        "end": [h.end for h in found],
        "score": [h.score for h in found],
        "tags": [h.tags for h in found],
        "signals": [list(h.signals.items()) for h in found],
    }
    return pa.table(rows, schema=HIGHLIGHTS.schema)


def _candidates_table(candidates: Sequence[_Candidate]) -> pa.Table:
    rows = [
        {
            "start": c.moment.start,
            "end": c.moment.end,
            "rank": rank,
            "chosen": c.chosen,
            "like": c.like or 0,
            "score": c.moment.score,
            "tags": c.moment.tags,
            "signals": list(c.moment.signals.items()),
            "picture_print": c.print.picture,
            "sound_print": c.print.sound,
        }
        for rank, c in enumerate(candidates, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=CANDIDATES.schema)


def _scores_table(total: Array, signals: Signals) -> pa.Table:
    columns = {
        "time": np.arange(signals.cells) * STEP,
        "score": total,
        **signals.as_dict(),
    }
    return pa.table({name: columns[name] for name in SCORES.schema.names}, schema=SCORES.schema)


HIGHLIGHT_CANDIDATES = Stage(
    name="highlight_candidates",
    group="highlights",
    description="The moments that stand out, with scores, tags and the signals behind them.",
    version="9",
    params=Params,
    inputs=("source", "frames", "audio", "words", "captions"),
    outputs=(
        TableOutput("highlights.parquet", HIGHLIGHTS),
        TableOutput("candidates.parquet", CANDIDATES),
        TableOutput("scores.parquet", SCORES),
    ),
    run=_run,
    resolve=_resolve,
    kinds=("parquet",),
)
