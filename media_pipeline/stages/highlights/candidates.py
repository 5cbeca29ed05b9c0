"""The asset ``highlight_candidates``: the moments of a film that stand out, with their scores.

Signals of sound, picture and text are measured from the upstream artifacts, never by decoding the
film again. The method is rules on measured values; it needs no model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field, field_validator

from media_pipeline.asr.sound import map_wav
from media_pipeline.asr.vad import speech_spans
from media_pipeline.errors import EngineUnavailable, NothingToDo
from media_pipeline.media.audio import iter_audio
from media_pipeline.stages.base import (
    Artifact,
    Outcome,
    Progress,
    Stage,
    StageParams,
    TableOutput,
    Work,
)
from media_pipeline.stages.highlights.choose import pick
from media_pipeline.stages.highlights.edges import Landmarks, Times, pauses_of
from media_pipeline.stages.highlights.picture import Picture, measure_picture
from media_pipeline.stages.highlights.signals import WEIGHTS, Signals, combine, score
from media_pipeline.stages.highlights.sound import STEP, Array, Sound, measure_sound
from media_pipeline.stages.highlights.tags import Measured, tags_of
from media_pipeline.stages.highlights.talk import Talk, measure_talk
from media_pipeline.stages.tables import HIGHLIGHTS, SCORES
from media_pipeline.text.cues import cues_from_table, words_from_table

_RATE = 16000


class Params(StageParams):
    """What to look for."""

    count: int = Field(5, ge=1, le=10, description="how many highlights at most")
    clip_duration: float = Field(
        15.0,
        ge=3.0,
        le=60.0,
        description="seconds that a highlight should last; it will last 60 to 140 % of it",
    )
    min_score: float = Field(
        0.1,
        ge=0.0,
        le=1.0,
        description="moments under this score are left out, except the best",
    )
    weights: dict[str, float] = Field(
        default_factory=dict,
        description=f"how much each signal counts, where not as usual: {WEIGHTS}",
    )
    keywords: list[str] = Field(
        default_factory=list,
        description="words whose being said or shown counts like an exclamation",
    )

    @field_validator("weights")
    @classmethod
    def _known_signals(cls, weights: dict[str, float]) -> dict[str, float]:
        for name, weight in weights.items():
            if name not in WEIGHTS:
                raise ValueError(f"no signal {name!r}; there are {', '.join(WEIGHTS)}")
            if not 0 <= weight <= 10:
                raise ValueError(f"the weight of {name} is {weight}, allowed are 0 to 10")
        return weights


@dataclass(frozen=True, slots=True)
class Highlight:
    """A moment that stands out, in seconds.

    ``score`` is 0-1: the mean of the saturating score over the highlight, on the same scale for
    every film. ``signals`` holds the mean of each normalised signal.
    """

    start: float
    end: float
    score: float
    signals: dict[str, float] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


def find_highlights(
    signals: Signals, landmarks: Landmarks, params: Params | None = None
) -> list[Highlight]:
    """Find the moments that stand out.

    Parameters
    ----------
    signals : normalised, on the 0.1 s grid (see :func:`combine`).
    landmarks : where the edges may go; ``landmarks.duration`` is the end of the film.
    params : count, clip duration, weights.

    Returns
    -------
    list of Highlight
        in film order, without tags; empty when nothing stands out.
    """
    params = params or Params()
    total = score(signals, WEIGHTS | params.weights)
    spans = pick(
        total,
        landmarks,
        count=params.count,
        clip_duration=params.clip_duration,
        min_score=params.min_score,
    )
    return [_describe(start, end, total, signals) for start, end in spans]


def _describe(start: float, end: float, total: Array, signals: Signals) -> Highlight:
    first = min(int(start / STEP), len(total) - 1)
    cells = slice(first, max(first + 1, round(end / STEP)))
    means = {name: float(values[cells].mean()) for name, values in signals.as_dict().items()}
    return Highlight(start, end, float(np.clip(total[cells].mean(), 0, 1)), means)


# --- the adapter ----------------------------------------------------------------------------------


def _run(work: Work) -> Outcome:
    params: Params = work.params
    duration = work.info.duration
    cells = max(1, math.ceil(duration / STEP - 1e-6))
    sound = _sound(work.inputs["audio"], cells, duration, work.progress)
    voice = _voice(work.inputs["audio"])
    picture = _picture(work.inputs["frames"], cells)
    talk = _talk(work.inputs["words"], work.inputs["captions"], cells, params)
    if sound is None and picture is None:
        raise NothingToDo(
            f"{work.name} has neither sound nor moving picture to find highlights in",
            "give a film that lasts longer than one frame",
        )
    signals = combine(cells, sound, picture, talk, clip_duration=params.clip_duration)
    landmarks = Landmarks.of(
        duration,
        pauses=None if sound is None else pauses_of(sound.pauses, voice, duration),
        cuts=None if picture is None else picture.cuts,
        words=None if talk is None else talk.words,
        sentences=None if talk is None else talk.sentences,
        voice=voice,
    )
    measured = Measured(signals, sound, picture, landmarks.words)
    found = find_highlights(signals, landmarks, params)
    tags = [tags_of(h.start, h.end, measured) for h in found]
    pq.write_table(_highlights_table(found, tags), work.out / "highlights.parquet")
    total = score(signals, WEIGHTS | params.weights)
    pq.write_table(_scores_table(total, signals), work.out / "scores.parquet")
    best = max((h.score for h in found), default=0.0)
    return Outcome(facts={"highlights": len(found), "best": round(best, 4)})


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
        progress(min(0.95, samples / _RATE / max(duration, STEP)))


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


def _talk(words: Artifact, captions: Artifact, cells: int, params: Params) -> Talk | None:
    said = words_from_table(words.table("words.parquet"))
    shown = cues_from_table(captions.table("captions.parquet"))
    return measure_talk(said, shown, cells, keywords=params.keywords)


def _highlights_table(found: list[Highlight], tags: list[list[str]]) -> pa.Table:
    rows: dict[str, list[Any]] = {
        "start": [h.start for h in found],
        "end": [h.end for h in found],
        "score": [h.score for h in found],
        "tags": tags,
        "signals": [list(h.signals.items()) for h in found],
    }
    return pa.table(rows, schema=HIGHLIGHTS.schema)


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
    version="2",
    params=Params,
    inputs=("source", "frames", "audio", "words", "captions"),
    outputs=(
        TableOutput("highlights.parquet", HIGHLIGHTS),
        TableOutput("scores.parquet", SCORES),
    ),
    run=_run,
    kinds=("parquet",),
)
