"""Submissions, and a clock, for tests of what callers are owed."""

from __future__ import annotations

from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import Submission


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: float = 1_763_700_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def submission(token: str | None = None, *, name: str = "a", **values: object) -> Submission:
    """A submission of a caption job."""
    fields: dict[str, object] = {
        "action": "SubmitIProductionJob",
        "access_key": "key",
        "request": {"Name": name},
        "order": Order(
            function="CaptionExtraction", media=[Medium(name="m", uri="oss://bkt/m.mp4")]
        ),
        "client_token": token,
        **values,
    }
    return Submission(**fields)  # type: ignore[arg-type]
