"""``highlights`` on films that it cannot take, or not as asked; whole films are in test_results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline_tests.cli.conftest import Done, Home, assert_fails
from media_pipeline_tests.generators.video import write_silence


def test_a_film_without_words_is_refused_unless_it_is_allowed(
    inside: Callable[..., Done], command: Home, clip: Path
) -> None:
    """A film of two seconds of pictures with a tone; what is shorter than a clip is said."""
    assert_fails(inside("highlights", str(clip), "out"), 1, "voices", "--allow-non-speech")
    assert not (command.cwd / "out" / "highlights.json").exists()
    done = inside("highlights", str(clip), "out", "--allow-non-speech")
    assert done.returncode == 0, done.stderr
    assert "warning: the film lasts 2.00 s, less than the 15 s asked for" in done.stderr
    (found,) = json.loads((command.cwd / "out" / "highlights.json").read_text())["HighlightResults"]
    assert any("less than the 15 s" in note for note in found["Notes"])
    (span,) = found["TimeRanges"]
    assert 0 <= span["In"] < span["Out"] <= 2.1


@pytest.mark.slow
def test_films_of_more_than_two_hours_together_are_refused(
    inside: Callable[..., Done], tmp_path: Path
) -> None:
    hour = str(write_silence(tmp_path / "hour.flac", 3601))
    assert_fails(inside("highlights", hour, hour, "out"), 1, "7202 s together", "7200")
