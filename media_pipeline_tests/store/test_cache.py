from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from media_pipeline.errors import StoreError
from media_pipeline.store import FileEntry, Store
from media_pipeline.store import cache as module
from media_pipeline.store.cache import FileCache
from media_pipeline_tests.store.conftest import publish, stored


def entry(content: bytes, name: str = "a.bin") -> FileEntry:
    return FileEntry(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def test_a_file_is_downloaded_once(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 1000)
    downloads = []

    def download(target: Path) -> None:
        downloads.append(target)
        target.write_bytes(b"abc")

    first = cache.get(entry(b"abc"), download)
    assert first.name == "a.bin"
    assert cache.get(entry(b"abc"), download) == first
    assert len(downloads) == 1
    assert cache.find(entry(b"abc").sha256, 3) == first
    assert cache.find(entry(b"abc").sha256, 4) is None
    assert cache.find(entry(b"other").sha256, 5) is None


@pytest.mark.parametrize("damaged", [b"abX", b"ab", b""])
@pytest.mark.parametrize("seen_before", [True, False])
def test_a_damaged_copy_is_noticed_and_fetched_anew(
    tmp_path: Path, damaged: bytes, seen_before: bool
) -> None:
    cache = FileCache(tmp_path, 1000)
    copy = cache.get(entry(b"abc"), lambda target: target.write_bytes(b"abc") and None)
    copy.write_bytes(damaged)
    os.utime(copy, (1, 1))  # whatever the clock's resolution, it was written at another time
    cache = cache if seen_before else FileCache(tmp_path, 1000)
    assert cache.find(entry(b"abc").sha256, 3) is None
    again = cache.get(entry(b"abc"), lambda target: target.write_bytes(b"abc") and None)
    assert again == copy
    assert copy.read_bytes() == b"abc"


def test_a_copy_is_hashed_once_for_each_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileCache(tmp_path, 1000).get(entry(b"abc"), lambda target: target.write_bytes(b"abc") and None)
    hashed = []
    monkeypatch.setattr(module, "verify", lambda file, entry: hashed.append(file))
    cache = FileCache(tmp_path, 1000)
    for _ in range(3):
        found = cache.find(entry(b"abc").sha256, 3)
        assert found is not None
        (tmp_path / "pins").mkdir(exist_ok=True)
        os.link(found, tmp_path / "pins" / str(len(list((tmp_path / "pins").iterdir()))))
    assert hashed == [found]


@pytest.mark.parametrize("content", [b"abx", b"ab", b"abcd", b""])
def test_what_differs_from_what_was_published_is_refused(tmp_path: Path, content: bytes) -> None:
    cache = FileCache(tmp_path, 1000)
    with pytest.raises(StoreError, match=r"a\.bin"):
        cache.get(entry(b"abc"), lambda target: target.write_bytes(content) and None)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 25)
    hours = 3600.0
    for age, content in ((4, b"oldest...."), (2, b"second...."), (3, b"middle....")):
        copy = cache.get(entry(content), lambda target, c=content: target.write_bytes(c) and None)
        past = time.time() - age * hours
        os.utime(copy.parent, (past, past))
    cache.get(entry(b"newest...."), lambda target: target.write_bytes(b"newest....") and None)
    left = {p.read_bytes() for p in tmp_path.rglob("a.bin")}
    assert left == {b"second....", b"newest...."}


def test_what_was_just_used_stays_even_beyond_the_limit(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 1)
    for content in (b"one", b"two"):
        cache.get(entry(content), lambda target, c=content: target.write_bytes(c) and None)
    assert len(list(tmp_path.rglob("a.bin"))) == 2


def test_a_pinned_file_survives_the_cache(store: Store, tmp_path: Path) -> None:
    artifact = publish(store)
    pinned = artifact.pinned(tmp_path / "cache" / "pins")
    path = pinned.path("text.txt")
    assert pinned.path("text.txt").read_text() == "content"
    for copy in (tmp_path / "cache" / "files").rglob("text.txt"):
        copy.unlink()
    assert path.read_text() == "content"


def test_a_tampered_object_is_refused(store: Store) -> None:
    if "://" not in store.uri:
        pytest.skip("local files are used in place")
    artifact = publish(store)
    store.backend.write(stored(store), b"CONTENT")
    with pytest.raises(StoreError, match=r"text\.txt"):
        artifact.path("text.txt")
