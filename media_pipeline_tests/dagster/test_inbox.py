from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from media_pipeline.dagster.inbox import Cursor, Upload, look
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.storage import object_storage

LOCAL = fsspec.filesystem("file")


class Watcher:
    """Looks again and again, and hands the cursor on as text as Dagster does."""

    def __init__(self, root: Path | str, filesystem: Any = LOCAL, **limits: Any) -> None:
        self.root, self.filesystem = str(root), filesystem
        self.limits = {"limit": 100, "seconds": 60.0, **limits}
        self.cursor: str | None = None

    def look(self, **limits: Any) -> list[Upload]:
        uploads, cursor = look(
            self.filesystem, self.root, Cursor.read(self.cursor), **{**self.limits, **limits}
        )
        self.cursor = cursor.write()
        return uploads

    def names(self, **limits: Any) -> list[tuple[str, str]]:
        return [(upload.profile, Path(upload.path).name) for upload in self.look(**limits)]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "talks").mkdir(parents=True)
    return folder


def test_a_file_counts_when_two_looks_see_the_same(inbox: Path) -> None:
    watcher = Watcher(inbox)
    (inbox / "a.mp4").write_bytes(b"1")
    (inbox / "talks" / "b.mp4").write_bytes(b"2")
    assert watcher.look() == []
    found = watcher.look()
    assert [(u.profile, u.path) for u in found] == [
        ("default", str(inbox / "a.mp4")),
        ("talks", str(inbox / "talks" / "b.mp4")),
    ]
    assert watcher.look() == []


def test_a_half_written_file_is_left_alone(inbox: Path) -> None:
    watcher = Watcher(inbox)
    file = inbox / "a.mp4"
    for size in range(1, 5):
        with file.open("ab") as stream:
            stream.write(b"x" * size)
        assert watcher.look() == []
    assert watcher.names() == [("default", "a.mp4")]


def test_a_file_whose_time_changes_is_left_alone(inbox: Path) -> None:
    watcher = Watcher(inbox)
    file = inbox / "a.mp4"
    file.write_bytes(b"12345")
    for second in (1, 2, 3):
        os.utime(file, (second, second))
        assert watcher.look() == []
    assert watcher.names() == [("default", "a.mp4")]


def test_another_version_of_a_file_is_handed_out_again_and_the_same_one_never(inbox: Path) -> None:
    watcher = Watcher(inbox)
    file = inbox / "a.mp4"
    file.write_bytes(b"1")
    versions = set()
    for content in (b"1", b"12", b"123"):
        file.write_bytes(content)
        watcher.look()
        (upload,) = watcher.look()
        versions.add(upload.version)
        assert not watcher.look()
    assert len(versions) == 3


def test_what_is_not_for_us_is_ignored(inbox: Path) -> None:
    for name in (
        ".hidden.mp4",
        "a.part",
        "b.mp4.crdownload",
        "c.tmp",
        "D.PART",
        "profile.yaml",
        "other.yml",
    ):
        (inbox / name).write_bytes(b"1")
        (inbox / "talks" / name).write_bytes(b"1")
    (inbox / ".git").mkdir()
    (inbox / ".git" / "a.mp4").write_bytes(b"1")
    (inbox / "talks" / "deeper").mkdir()
    (inbox / "talks" / "deeper" / "a.mp4").write_bytes(b"1")
    os.mkfifo(inbox / "pipe.mp4")
    (inbox / "dangling.mp4").symlink_to(inbox / "nowhere")
    watcher = Watcher(inbox)
    assert watcher.look() + watcher.look() + watcher.look() == []


def test_a_link_stands_for_what_it_points_to(inbox: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.mp4"
    target.write_bytes(b"1")
    (inbox / "link.mp4").symlink_to(target)
    watcher = Watcher(inbox)
    watcher.look()
    target.write_bytes(b"12")
    assert watcher.look() == []
    assert watcher.names() == [("default", "link.mp4")]


def test_names_that_are_hard_to_write(inbox: Path) -> None:
    names = ["-a.mp4", "a b.mp4", "a'\"b.mp4", "a\nb.mp4", "🎬.mp4", "a%20:b.mp4", "~a.mp4", "a\\b"]
    for name in names:
        (inbox / name).write_bytes(b"1")
    (Path(os.fsdecode(os.fsencode(inbox) + b"/\xff.mp4"))).write_bytes(b"1")
    watcher = Watcher(inbox)
    watcher.look()
    found = watcher.look()
    assert sorted(u.path for u in found) == sorted(str(inbox / name) for name in names)
    assert all(Path(upload.path).read_bytes() == b"1" for upload in found)


def test_no_more_than_the_limit_at_a_time_and_the_others_follow(inbox: Path) -> None:
    for number in range(7):
        (inbox / f"{number}.mp4").write_bytes(b"1")
    watcher = Watcher(inbox, limit=3)
    rounds = [len(watcher.look()) for _ in range(5)]
    assert rounds == [0, 3, 3, 1, 0]


def test_a_look_that_runs_out_of_time_goes_on_where_it_stopped(inbox: Path) -> None:
    for name in ("b", "c", "talks"):
        (inbox / name).mkdir(exist_ok=True)
        (inbox / name / "x.mp4").write_bytes(b"1")
    (inbox / "x.mp4").write_bytes(b"1")
    watcher = Watcher(inbox)
    watcher.look()
    ticks = itertools.count()
    hurried = {"seconds": 1.5, "clock": lambda: float(next(ticks))}
    found = [watcher.names(**hurried) for _ in range(4)]
    assert sorted(name for part in found for name, _ in part) == ["b", "c", "default", "talks"]
    assert max(len(part) for part in found) < 4
    assert watcher.look() == []


def test_the_cursor_stays_small_and_forgets_what_vanished(inbox: Path) -> None:
    files = [inbox / f"a film with quite a long name, number {n}.mp4" for n in range(3000)]
    for file in files:
        file.touch()
    watcher = Watcher(inbox, limit=10_000)
    watcher.look()
    began = time.monotonic()
    assert len(watcher.look()) == 3000
    assert time.monotonic() - began < 5
    assert watcher.cursor is not None
    assert len(watcher.cursor) < 3000 * 12 + 100
    for file in files[1:]:
        file.unlink()
    watcher.look()
    assert len(watcher.cursor) < 100
    assert watcher.look() == []


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"pending": 3}', "null"])
def test_a_cursor_that_cannot_be_read_counts_as_none(text: str | None) -> None:
    assert Cursor.read(text) == Cursor()


def test_the_cursor_survives_the_journey() -> None:
    cursor = Cursor({"a" * 12, "b" * 12}, {"c" * 12}, "talks")
    assert Cursor.read(cursor.write()) == cursor
    assert json.loads(Cursor().write()) == {"pending": "", "done": "", "resume": ""}


def test_an_inbox_that_is_missing_is_empty(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path / "nowhere")
    assert watcher.look() == []


def test_a_folder_that_comes_and_goes_costs_no_memory_of_others(inbox: Path) -> None:
    """An inbox on a network drive that is away for a moment."""
    (inbox / "a.mp4").write_bytes(b"1")
    watcher = Watcher(inbox)
    watcher.look()
    assert len(watcher.look()) == 1
    away = inbox.with_name("away")
    inbox.rename(away)
    assert watcher.look() == []
    away.rename(inbox)
    assert watcher.look() == []
    assert watcher.look() == []


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    with object_storage() as storage:
        settings = storage.settings(tmp_path_factory.mktemp("cache"))
        uri = f"{storage.bucket()}/in/box"
        yield open_filesystem(uri, settings.storage_options(uri))


@pytest.mark.slow
def test_object_storage_is_watched_in_the_same_way(bucket: tuple[Any, str]) -> None:
    filesystem, root = bucket
    watcher = Watcher(root, filesystem)
    assert watcher.look() == []
    filesystem.pipe_file(f"{root}/a b.mp4", b"1")
    filesystem.pipe_file(f"{root}/talks/b.mp4", b"2")
    filesystem.pipe_file(f"{root}/talks/profile.yaml", b"{}")
    filesystem.pipe_file(f"{root}/talks/", b"")
    assert watcher.look() == []
    assert watcher.names() == [("default", "a b.mp4"), ("talks", "b.mp4")]
    filesystem.pipe_file(f"{root}/a b.mp4", b"12")
    assert watcher.look() == []
    assert watcher.names() == [("default", "a b.mp4")]


def test_any_file_system_will_do(bucket: tuple[Any, str]) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/box/talks/a.mp4", b"1")
    watcher = Watcher("/box", memory)
    watcher.look()
    assert watcher.names() == [("talks", "a.mp4")]
