from __future__ import annotations

import json

from media_pipeline.runner import fingerprint


def test_everything_that_decides_a_result_is_in_the_fingerprint() -> None:
    base: dict[str, object] = {
        "stage": "words",
        "version": "1",
        "params": {"a": 1, "b": [1.5, None]},
        "engine": {"name": "x"},
        "inputs": {"captions": "f"},
        "sha256": "0" * 64,
    }
    changes: list[dict[str, object]] = [
        {"stage": "speech"},
        {"version": "2"},
        {"params": {"a": 1, "b": [1.5]}},
        {"params": {"a": True, "b": [1.5, None]}},
        {"engine": None},
        {"engine": {"name": "y"}},
        {"inputs": {"captions": "g"}},
        {"inputs": {}},
        {"sha256": "1" * 64},
    ]
    names = [fingerprint(**{**base, **change}) for change in [{}, *changes]]  # type: ignore[arg-type]
    assert len(set(names)) == len(names)
    turned = {**base, "params": {"b": [1.5, None], "a": 1}}
    assert fingerprint(**turned) == names[0]  # type: ignore[arg-type]
    assert json.dumps(base)  # the identity is JSON
