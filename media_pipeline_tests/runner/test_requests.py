from __future__ import annotations

import pytest

from media_pipeline.errors import (
    InvalidParameter,
)
from media_pipeline.profiles import Profile
from media_pipeline.runner import Runner
from media_pipeline_tests.generators.stages import (
    STAGES,
)
from media_pipeline_tests.runner.conftest import catalogue, counted


def test_a_request_makes_what_is_missing_and_moves_nothing(runner: Runner, key: str) -> None:
    shares: list[float] = []
    made = runner.request(key, "words", {"ocr_cues": {"count": 3}}, progress=shares.append)
    assert made.manifest.rows == {"words": 3}
    assert counted(runner) == {"source": 1, "ocr_cues": 1, "captions": 1, "words": 1}
    assert all(runner.store.current(name, key) is None for name in STAGES)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    runner.request(key, "words", {"ocr_cues": {"count": 3}, "words": {"suffix": "?"}})
    assert counted(runner) == {"source": 1, "ocr_cues": 1, "captions": 1, "words": 2}


def test_a_request_uses_what_is_current_with_its_parameters(runner: Runner, key: str) -> None:
    catalogue(runner, key, Profile(params={"ocr_cues": {"count": 6}, "words": {"suffix": "#"}}))
    before = counted(runner)
    runner.request(key, "clip", {"clip": {"seconds": 0.25}})
    assert counted(runner) == {**before, "clip": 2}
    # What is current of the words does not fit other cues: it is made again, as it was asked for.
    made = runner.request(key, "clip", {"ocr_cues": {"count": 1}})
    words = runner.store.get("words", key, made.manifest.inputs["words"])
    assert words is not None
    assert words.table("words")["text"].to_pylist() == ["fast 0#"]
    current = runner.store.current("words", key)
    assert current is not None and current.manifest.rows == {"words": 6}


def test_a_request_with_unknown_names_is_refused(runner: Runner, key: str) -> None:
    with pytest.raises(InvalidParameter, match="words does not depend on clip"):
        runner.request(key, "words", {"clip": {}})
    with pytest.raises(InvalidParameter, match=r"words\.nothing"):
        runner.request(key, "words", {"words": {"nothing": 1}})
    with pytest.raises(InvalidParameter, match="no stage"):
        runner.request(key, "nothing")
