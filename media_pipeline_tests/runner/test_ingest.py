from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.errors import (
    EmptyMedia,
    InvalidParameter,
    MediaNotFound,
    MediaTooLarge,
    NotMedia,
)
from media_pipeline.runner import Runner
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.stages import (
    write_tone,
)
from media_pipeline_tests.runner.conftest import catalogue


def test_the_same_bytes_under_two_names_are_one_item(runner: Runner, film: Path) -> None:
    shares: list[float] = []
    item = runner.ingest(film, progress=shares.append)
    assert item.key.startswith("a-film-")
    assert item.uris == (film.as_uri(),)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    copy = film.with_name("copy.wav")
    copy.write_bytes(film.read_bytes())
    again = runner.ingest(str(copy))
    assert again.key == item.key
    assert again.names == ("A film.wav", "copy.wav")
    assert runner.ingest(write_tone(film, pitch=300)).key != item.key


@pytest.mark.parametrize(
    "name",
    ["-dash.wav", "new\nline.wav", 'it\'s "q".wav', "🎬 %20 #?.wav", "a:b.wav", "大结局.wav"],
)
def test_hostile_names_go_through_the_whole_chain(
    runner: Runner, tmp_path: Path, name: str
) -> None:
    (tmp_path / "in").mkdir()
    item = runner.ingest(write_tone(tmp_path / "in" / name))
    results = catalogue(runner, item.key)
    assert results["clip"].artifact.path("clip.wav").is_file()
    assert runner.store.media.find(name) == item
    assert "\n" not in item.name


def test_bad_input_is_refused_and_not_registered(runner: Runner, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is no film\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    long = write_tone(tmp_path / "long.wav", 20.0)
    runner.max_media_seconds = 10
    large = tmp_path / "large.wav"
    large.write_bytes(b"\0" * (10**6 + 1))
    expected: list[tuple[Path | str, type[Exception]]] = [
        (tmp_path / "nothing.mp4", MediaNotFound),
        (tmp_path, NotMedia),
        (text, NotMedia),
        (empty, EmptyMedia),
        (long, MediaTooLarge),
        (large, MediaTooLarge),
        ("https://example.com/film.mp4", InvalidParameter),
        ("memory://nothing/film.mp4", MediaNotFound),
    ]
    for place, kind in expected:
        with pytest.raises(kind) as caught:
            runner.ingest(place)
        assert "\n" not in str(caught.value)
    assert runner.store.media.all() == []


def test_a_fault_in_a_remote_file_names_the_uri(runner: Runner) -> None:
    filesystem, inside = open_filesystem("memory://bad/text film.mp4", {})
    filesystem.pipe_file(inside, b"this is no film\n" * 100)
    with pytest.raises(NotMedia, match=r"memory://bad/text film\.mp4"):
        runner.ingest("memory://bad/text film.mp4")


def test_a_picture_that_would_take_all_memory_is_refused(
    runner: Runner, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media_pipeline.media.container.MAX_PIXELS", 320 * 180 - 1)
    with pytest.raises(MediaTooLarge, match="320 x 180"):
        runner.ingest(clip)
    assert runner.store.media.all() == []
