"""VideoClip: a shorter film of the best moments."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import Field

from media_pipeline.asr.sound import map_wav
from media_pipeline.asr.vad import speech_spans
from media_pipeline.errors import (
    EngineUnavailable,
    InvalidParameter,
    NoVideoStream,
    Unavailable,
)
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.verify import verify_media
from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.stages.frames import FRAMES
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES
from media_pipeline.stages.highlights.talk import measure_talk
from media_pipeline.stages.speech import AUDIO, WORDS
from media_pipeline.stages.summary import Piece, choose_spans, join_spans, pieces_of, usual_target
from media_pipeline.text.cues import words_from_table


class ClipParams(JobParams):
    """JobParams of VideoClip."""

    duration: float | None = Field(None, ge=1.0, description="seconds it should last")


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for."""
    params = checked(ClipParams, values)

    def work(job: Job) -> Result:
        item = job.runner.store.media.get(job.key)
        source = job.runner.request(job.key, "source")
        info = MediaInfo.model_validate(source.facts["media"])
        if info.video is None:
            raise NoVideoStream(item.name)
        target = params.duration or usual_target(info.duration)
        if target >= info.duration:
            raise InvalidParameter(
                f"'JobParams.duration' is invalid, input: {target:g}",
                f"the film lasts {info.duration:.2f} s: ask for less",
            )
        pieces = _pieces(job, info.duration, target)
        spans = choose_spans(pieces, target)
        media = job.runner.originals.path(item)
        with atomic_path(job.folder / job.name) as temporary:
            seconds = join_spans(
                media, info, spans, temporary, lambda share: job.progress(0.8 + share * 0.2)
            )
            # Sound comes in packets of 21 ms, so each piece may last one longer than its picture.
            verify_media(temporary, duration=seconds, tolerance=0.05 * (len(spans) + 1))
        return {
            "VideoSummaryList": [{"StartTime": f"{s:.2f}", "EndTime": f"{e:.2f}"} for s, e in spans]
        }

    return Task(work, (".mp4",))


def _pieces(job: Job, duration: float, target: float) -> list[Piece]:
    """The film in pieces with their scores: shots, and sentences that are not parted."""

    def progress(share: float) -> None:
        job.progress(share * 0.8)

    found = job.runner.request(job.key, HIGHLIGHT_CANDIDATES, progress=progress)
    shots = [
        (float(row["start"]), float(row["end"]))
        for row in job.runner.request(job.key, FRAMES).table("shots").to_pylist()
    ]
    score = found.table("scores")["score"].to_numpy()
    longest = min(max(target / 4, 3.0), 12.0)
    return pieces_of(shots or [(0.0, duration)], _sentences(job), score, longest=longest)


def _sentences(job: Job) -> list[tuple[float, float]]:
    """What is said, by sentence; where the words are unknown, whenever a voice is heard."""
    spans: list[tuple[float, float]] = []
    with suppress(Unavailable):
        words = words_from_table(job.runner.request(job.key, WORDS).table("words"))
        talk = measure_talk(words, [], 1)
        spans += [] if talk is None else [(float(a), float(b)) for a, b in talk.sentences]
    with suppress(Unavailable, EngineUnavailable):
        audio = job.runner.request(job.key, AUDIO)
        spans += speech_spans(map_wav(audio.path("speech.wav")))
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


VIDEO_CLIP = Function(prepare, pool="encode")
