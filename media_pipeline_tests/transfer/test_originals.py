from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.errors import InputError, MediaNotFound, MediaTooLarge, NotMedia, SourceGone
from media_pipeline.store import MediaItem
from media_pipeline.store.cache import FileCache
from media_pipeline.store.places import open_filesystem
from media_pipeline.transfer import originals as module
from media_pipeline.transfer.originals import Originals
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    return Originals(FileCache(tmp_path / "cache" / "files", 10**9), max_bytes=1000)


def item(path: Path, *uris: str) -> MediaItem:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return MediaItem(f"x-{digest[:10]}", digest, len(data), (path.name,), uris or (path.as_uri(),))


def old(path: Path, seconds: float = 100.0) -> Path:
    past = time.time() - seconds
    os.utime(path, (past, past))
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "-a film\n'%20.mp4"
    path.write_bytes(b"film")
    return old(path)


def test_a_local_original_is_used_in_place(originals: Originals, film: Path) -> None:
    found = originals.hashed(originals.locate(film))
    assert (found.path, found.uri, found.size) == (film, film.as_uri(), 4)
    assert found.sha256 == hashlib.sha256(b"film").hexdigest()
    assert originals.path(item(film)) == film
    assert originals.locate(film.as_uri()).path == film


def test_what_is_at_hand_is_neither_fetched_nor_hashed(
    originals: Originals, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fetch", "sha256_file"):
        monkeypatch.setattr(module, name, None)
    known = item(film, "s3://bucket/gone.mp4", film.as_uri())
    assert originals.at_hand(known) == film
    film.write_bytes(b"another film")
    assert originals.at_hand(known) is None
    film.unlink()
    assert originals.at_hand(known) is None
    copy = originals.cache.folder / known.sha256 / "film.mp4"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"film")
    assert originals.at_hand(known) == copy


def test_an_original_that_moved_or_changed_is_gone(originals: Originals, film: Path) -> None:
    known = item(film)
    film.write_bytes(b"mlif")
    with pytest.raises(SourceGone, match="add it again"):
        originals.path(known)
    film.unlink()
    with pytest.raises(SourceGone) as caught:
        originals.path(known)
    assert "-a film" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_place_of_the_same_bytes_serves(
    originals: Originals, film: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(b"film")
    assert originals.path(item(film, copy.as_uri(), film.as_uri())) == film
    known = item(film, copy.as_uri(), film.as_uri())
    film.unlink()
    assert originals.path(known) == copy


def test_a_known_hash_is_not_computed_again_unless_the_file_changed(
    originals: Originals, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Path] = []
    real = module.sha256_file
    monkeypatch.setattr(
        module, "sha256_file", lambda path, progress=None: hashed.append(path) or real(path)
    )
    monkeypatch.setattr(module, "_RACY_NS", 0)  # the change time cannot be set back by hand
    time.sleep(0.02)
    first = originals.sha256(film)
    assert originals.sha256(film) == first
    assert len(hashed) == 1
    film.write_bytes(b"mlif")
    old(film)  # same size, and the modification time can lie
    assert originals.sha256(film) == hashlib.sha256(b"mlif").hexdigest()
    assert len(hashed) == 2


def test_the_hash_of_a_file_written_just_now_is_not_remembered(
    originals: Originals, film: Path, tmp_path: Path
) -> None:
    film.write_bytes(b"fresh")
    originals.sha256(film)
    assert list((tmp_path / "cache").rglob("*.json")) == []


def test_a_file_that_changes_while_it_is_read_is_refused(
    originals: Originals, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def growing(path: Path, progress: object = None) -> str:
        with path.open("ab") as file:
            file.write(b"more")
        return "0" * 64

    monkeypatch.setattr(module, "sha256_file", growing)
    with pytest.raises(InputError, match="changes while it is read"):
        originals.hashed(originals.locate(film))


def test_what_killed_downloads_left_is_swept(originals: Originals, tmp_path: Path) -> None:
    incoming = tmp_path / "cache" / "incoming"
    incoming.mkdir(parents=True)
    for name, age in (("old.mp4", 2 * 86400.0), ("fresh.mp4", 60.0)):
        (incoming / name).write_bytes(b"half")
        old(incoming / name, age)
    filesystem, inside = open_filesystem(f"memory://{tmp_path.name}/film.mp4", {})
    filesystem.pipe_file(inside, b"film")
    found = originals.locate(f"memory://{tmp_path.name}/film.mp4")
    assert found.path.read_bytes() == b"film"
    assert [path.name for path in incoming.iterdir()] == ["fresh.mp4"]


def test_a_cache_that_cannot_be_written_only_costs_time(film: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    originals = Originals(FileCache(tmp_path / "file" / "files", 10**9))
    assert originals.hashed(originals.locate(film)).sha256 == hashlib.sha256(b"film").hexdigest()
    assert originals.cached(film) == []


def test_limits_and_missing_files(originals: Originals, tmp_path: Path) -> None:
    big = tmp_path / "big.mp4"
    big.write_bytes(b"x" * 1001)
    with pytest.raises(MediaTooLarge, match="1,001"):
        originals.locate(big)
    for place in (tmp_path / "nothing", "memory://nothing/at all"):
        with pytest.raises(MediaNotFound):
            originals.locate(place)
    with pytest.raises(NotMedia, match="not a file"):
        originals.locate(tmp_path)


def test_a_remote_original_is_streamed_to_the_cache(storage: ObjectStorage, tmp_path: Path) -> None:
    settings = storage.settings(tmp_path / "cache")
    options = settings.storage_options("s3://")
    originals = Originals(
        FileCache(tmp_path / "cache" / "files", 10**9), max_bytes=1000, storage_options=options
    )
    uri = f"{storage.bucket()}/in/-第一集 '.mp4"
    filesystem, inside = open_filesystem(uri, options)
    filesystem.pipe_file(inside, b"film")
    shares: list[float] = []
    found = originals.locate(uri, shares.append)
    assert found.sha256 == hashlib.sha256(b"film").hexdigest()
    assert found.uri == uri
    assert found.name == "-第一集 '.mp4"
    assert found.path.suffix == ".mp4"
    assert found.path.name.isprintable()
    assert shares[-1] == 1.0
    assert originals.cached(found.path) == [found.path.parent]
    known = item(found.path, uri)
    filesystem.rm_file(inside)
    assert originals.path(known) == found.path  # the copy is as good
    found.path.unlink()
    with pytest.raises(SourceGone, match="s3://"):
        originals.path(known)
    filesystem.pipe_file(inside, b"mlif")
    with pytest.raises(SourceGone):
        originals.path(known)
    filesystem.pipe_file(inside, b"film")
    assert originals.path(replace(known)).read_bytes() == b"film"
    filesystem.pipe_file(inside, b"x" * 1001)
    with pytest.raises(MediaTooLarge):
        originals.locate(uri)
