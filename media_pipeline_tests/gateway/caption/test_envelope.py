"""Which failures are the caller's, and what holds for all gateways of one queue."""

from __future__ import annotations

import pytest

from media_pipeline.gateway.caption.envelope import Refused, queue_id, status_of
from media_pipeline.settings import Settings


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, 400) for code in (
            "MediaNotFound", "EmptyMedia", "NotMedia", "TruncatedMedia", "ZeroDuration",
            "MediaTooLarge", "InvalidCaptions", "InvalidParameter", "NoVideoStream",
            "NoAudioStream", "NoEngineForLanguage", "NoSpeech", "NothingToDo", "PictureTooSmall",
            "UnknownFont", "FontMissing", "HostRefused", "FetchFailed",
        )),
        *((code, 500) for code in (
            "StoreError", "SourceGone", "InvalidArtifact", "EncodeFailed", "EngineUnavailable",
            "RunFailed", "InternalError", "Cancelled", "MediaPipelineError", "", "printable",
            "httpx", "__doc__",
        )),
    ],
)  # fmt: skip
def test_what_the_caller_can_cure_is_a_400(code: str, status: int) -> None:
    assert status_of(code) == status


def test_the_queue_is_named_by_its_table_and_not_by_its_password() -> None:
    def named(url: str) -> int:
        return queue_id(Settings(database=url))

    assert named("postgresql://u:one@host/q") == named("postgresql://u:two@host/q")
    assert named("postgresql://u:one@host/q") != named("postgresql://u:one@host/r")


def test_what_strangers_sent_does_not_grow_in_the_answer() -> None:
    assert len(Refused(400, "x" * 1_000_000).message) == 2000
