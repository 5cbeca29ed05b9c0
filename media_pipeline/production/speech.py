"""ASR: what is said, as sentences with their times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from media_pipeline.production.base import Function, Job, JobParams, Result, Work, checked
from media_pipeline.stages.speech import SPEECH_SUBTITLES, TRANSCRIPT
from media_pipeline.text.cues import cues_from_table


class SpeechParams(JobParams):
    """What can be asked of a transcript."""

    start: float = Field(0.0, ge=0.0, description="seconds that are left out at the beginning")
    duration: float | None = Field(None, gt=0.0, description="seconds that are kept from there")
    sentence_max_length: int | None = Field(
        None, ge=4, le=50, description="longest sentence, in characters"
    )


def prepare(values: Mapping[str, Any]) -> Work:
    """Check the parameters, and give the work."""
    params = checked(SpeechParams, values, "")
    end = float("inf") if params.duration is None else params.start + params.duration

    def work(job: Job) -> Result:
        if params.sentence_max_length is None:
            found = job.runner.request(job.key, TRANSCRIPT, progress=job.progress)
            cues = cues_from_table(found.table("transcript"))
        else:
            rows = {"columns": max(8, params.sentence_max_length), "lines": 1}
            found = job.runner.request(
                job.key, SPEECH_SUBTITLES, {SPEECH_SUBTITLES.name: rows}, progress=job.progress
            )
            cues = cues_from_table(found.table("cues"))
        return [
            {"content": " ".join(c.text.split()), "from": round(c.start, 3), "to": round(c.end, 3)}
            for c in cues
            if c.end > params.start and c.start < end
        ]

    return work


ASR = Function("", prepare, pool="asr")
