"""ASR: what is said, as sentences with their times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.stages.speech import AUDIO, SPEECH_SUBTITLES, TRANSCRIPT
from media_pipeline.text.cues import cues_from_table
from media_pipeline.text.formats import asr_result


class SpeechParams(JobParams):
    """What can be asked of a transcript."""

    start: float = Field(0.0, ge=0.0, description="second of the film to listen from")
    duration: float | None = Field(None, gt=0.0, description="seconds to listen for")
    sentence_max_length: int | None = Field(
        None, ge=4, le=50, description="longest sentence, in characters"
    )


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for."""
    params = checked(SpeechParams, values, "")
    window = {AUDIO.name: {"start": params.start, "duration": params.duration}}

    def work(job: Job) -> Result:
        if params.sentence_max_length is None:
            found = job.runner.request(job.key, TRANSCRIPT, window, progress=job.progress)
            return asr_result(cues_from_table(found.table("transcript")))
        rows = {"columns": max(8, params.sentence_max_length), "lines": 1}
        found = job.runner.request(
            job.key,
            SPEECH_SUBTITLES,
            window | {SPEECH_SUBTITLES.name: rows},
            progress=job.progress,
        )
        return asr_result(cues_from_table(found.table("cues")))

    return Task(work)


ASR = Function(prepare, pool="asr")
