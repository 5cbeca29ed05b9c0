"""VideoClip: a shorter film of the best moments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from media_pipeline.errors import InvalidParameter, NoVideoStream
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.verify import verify_media
from media_pipeline.production.base import Function, Job, JobParams, Result, Work, checked
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES
from media_pipeline.stages.summary import choose_spans, join_spans, usual_target


class ClipParams(JobParams):
    """JobParams of VideoClip."""

    duration: float | None = Field(None, ge=1.0, description="seconds it should last")


def prepare(values: Mapping[str, Any]) -> Work:
    """Check the parameters, and give the work."""
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
        found = job.runner.request(
            job.key,
            HIGHLIGHT_CANDIDATES,
            {HIGHLIGHT_CANDIDATES.name: _short_moments(target)},
            progress=lambda share: job.progress(share * 0.8),
        )
        rows = found.table("highlights").to_pylist()
        spans = choose_spans([(r["start"], r["end"], r["score"]) for r in rows], target)
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

    return work


def _short_moments(target: float) -> dict[str, Any]:
    """Parameters of the highlight stage for moments of which several fit into the target."""
    return {"count": 10, "clip_duration": min(max(target / 4, 3.0), 15.0), "min_score": 0.0}


VIDEO_CLIP = Function(".mp4", prepare, pool="encode")
