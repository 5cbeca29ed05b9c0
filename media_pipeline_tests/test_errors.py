"""What users are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.errors import EmptyMedia, NotMedia, StoreError, known_as


def test_a_copy_is_spoken_of_by_the_name_that_people_know() -> None:
    copy = Path("/cache/ab12/input.mp4")
    for name in (copy, copy.name):
        with (
            pytest.raises(NotMedia, match=r"^https://host/film\.mp4 is not a video") as caught,
            known_as("https://host/film.mp4", copy),
        ):
            raise NotMedia(name)
        assert caught.value.remedy == NotMedia("x").remedy
    with pytest.raises(EmptyMedia, match=r"text\.srt is"), known_as("text.srt", Path("0.srt")):
        raise EmptyMedia("0.srt")


def test_faults_of_ours_are_left_as_they_are() -> None:
    fault = StoreError("/cache/ab12/input.mp4 cannot be written")
    with pytest.raises(StoreError) as caught, known_as("x", Path("/cache/ab12/input.mp4")):
        raise fault
    assert caught.value is fault
