"""HighlightExtraction: what is refused, and what a second film may not repeat."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.production.highlights import (
    HIGHLIGHT_EXTRACTION,
    _unseen,
    check_request,
    check_seconds,
)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"count": 0}, ["count", "0", "1-10"]),
        ({"count": 11}, ["count", "11", "1-10"]),
        ({"clip_duration": 2}, ["clip_duration", "3-60"]),
        ({"clip_duration": 61}, ["clip_duration", "3-60"]),
        ({"custom_actions": ["Fight"] * 51}, ["custom_actions", "50"]),
        ({"custom_actions": ["Fights"]}, ["custom_actions", "Fights", "5"]),
        ({"export": True, "codec": "vp7"}, ["codec", "vp7"]),
        ({"export": True, "fit": "stretch"}, ["fit", "stretch"]),
        ({"export": True, "bitrate": 1}, ["bitrate", "50"]),
        ({"export": True, "width": 8}, ["width", "16"]),
    ],
)
def test_parameters_are_refused_by_name_and_range(values: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(InvalidParameter) as error:
        HIGHLIGHT_EXTRACTION.prepare(values)
    assert all(text in str(error.value) for text in says), str(error.value)


def test_a_request_has_one_to_five_films_of_two_hours_together() -> None:
    check_request(5, export_to="dir/to/out_{index}.mp4")
    check_seconds(7200)
    for films in (0, 6):
        with pytest.raises(InvalidParameter, match="1-5"):
            check_request(films)
    for name in ("dir/out.mp4", "dir_{index}/out.mp4"):
        with pytest.raises(InvalidParameter, match="index"):
            check_request(1, export_to=name)
    with pytest.raises(InvalidParameter, match="7201 s"):
        check_seconds(7201)


def row(start: float, seed: int, like: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "start": start,
        "like": like,
        "picture_print": rng.integers(0, 2**63, 200).tolist(),
        "sound_print": (rng.integers(0, 2**23, 100) | 1 << 31).tolist(),
    }


def test_a_later_film_gives_its_next_best_for_what_was_shown_before() -> None:
    seen: list[Any] = []
    first = _unseen([row(50, 1), row(20, 2), row(80, 3)], seen, 2)
    assert [r["start"] for r in first] == [20, 50]
    second = _unseen([row(10, 2), row(40, 4), row(70, 1), row(5, 5), row(9, 6)], seen, 2)
    assert [r["start"] for r in second] == [5, 40]
    assert _unseen([row(1, 4), row(2, 9, like=1)], seen, 2) == []
