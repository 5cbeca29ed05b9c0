from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.errors import (
    InvalidParameter,
    MediaNotFound,
    MediaTooLarge,
    NotMedia,
    StoreError,
)
from media_pipeline.store.places import open_filesystem
from media_pipeline.transfer.fetch import fetch
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


CONTENT = b"0123456789" * 1000


@pytest.fixture(params=["path", "file", "memory", "s3", "oss"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, object]]:
    """The same file at each kind of place, and the options to open it with."""
    if request.param in {"path", "file"}:
        path = tmp_path / "a name %20 #1?.bin"
        path.write_bytes(CONTENT)
        return (str(path) if request.param == "path" else path.as_uri()), {}
    options: dict[str, object] = {}
    if request.param == "memory":
        uri = f"memory://{uuid.uuid4().hex}/a name.bin"
    else:
        storage: ObjectStorage = request.getfixturevalue("storage")
        uri = f"{storage.bucket()}/folder/a name.bin"
        options = storage.settings(tmp_path / "cache").storage_options(uri)
    filesystem, inside = open_filesystem(uri, options)
    filesystem.pipe_file(inside, CONTENT)
    return (uri.replace("s3://", "oss://") if request.param == "oss" else uri), options


def test_a_file_is_copied_with_its_hash(
    place: tuple[str, dict[str, object]], tmp_path: Path
) -> None:
    uri, options = place
    shares: list[float] = []
    got = fetch(uri, tmp_path / "copy", storage_options=options, progress=shares.append)
    assert got.path.read_bytes() == CONTENT
    assert got.size == len(CONTENT)
    assert got.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert shares[-1] == 1.0


def test_the_limit_holds_and_leaves_nothing(
    place: tuple[str, dict[str, object]], tmp_path: Path
) -> None:
    uri, options = place
    folder = tmp_path / "target"
    folder.mkdir()
    with pytest.raises(MediaTooLarge, match="MAX_MEDIA_BYTES"):
        fetch(uri, folder / "copy", max_bytes=len(CONTENT) - 1, storage_options=options)
    assert list(folder.iterdir()) == []
    fetch(uri, folder / "copy", max_bytes=len(CONTENT), storage_options=options)


def test_the_limit_holds_when_the_source_announces_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations import memory

    uri = f"memory://{uuid.uuid4().hex}/liar.bin"
    filesystem, inside = open_filesystem(uri, {})
    filesystem.pipe_file(inside, CONTENT)
    info = memory.MemoryFileSystem.info

    def lying(self: object, path: str, **kwargs: object) -> dict[str, object]:
        return {**info(self, path, **kwargs), "size": 5}

    monkeypatch.setattr(memory.MemoryFileSystem, "info", lying)
    with pytest.raises(MediaTooLarge):
        fetch(uri, tmp_path / "copy", max_bytes=100)
    assert not (tmp_path / "copy").exists()


def test_what_is_not_there_is_one_clear_error(tmp_path: Path, storage: ObjectStorage) -> None:
    options = storage.settings(tmp_path).storage_options("s3://x")
    for uri in (
        str(tmp_path / "nothing"),
        f"memory://{uuid.uuid4().hex}/nothing",
        f"{storage.bucket()}/nothing",
        "s3://no-such-bucket-here/nothing",
    ):
        with pytest.raises(MediaNotFound):
            fetch(uri, tmp_path / "copy", storage_options=options if uri[:2] == "s3" else {})
    with pytest.raises(NotMedia, match="not a file"):
        fetch(str(tmp_path), tmp_path / "copy")


@pytest.mark.parametrize(
    "uri",
    [
        "http://169.254.169.254/latest",
        "https://user:hush@host/x?token=hush",
        "ftp://host/x",
        "sftp://host/x",
        "zip://x::http://host/x",
        "github://a:b@c/x",
    ],
)
def test_other_schemes_are_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="not supported") as caught:
        fetch(uri, tmp_path / "copy")
    assert "hush" not in str(caught.value)


def test_a_storage_that_cannot_be_reached_is_a_store_error(
    tmp_path: Path, storage: ObjectStorage
) -> None:
    options = storage.settings(tmp_path).storage_options("s3://x")
    options["endpoint_url"] = "http://127.0.0.1:9"
    options["config_kwargs"] = {**options["config_kwargs"], "retries": {"max_attempts": 1}}
    with pytest.raises(StoreError, match="MEDIA_PIPELINE_S3_ENDPOINT"):
        fetch("s3://bucket/key", tmp_path / "copy", storage_options=options)
