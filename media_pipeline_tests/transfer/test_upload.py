from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from media_pipeline.errors import StoreError
from media_pipeline.store.places import open_filesystem
from media_pipeline.transfer.upload import link, remove, upload
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


@pytest.fixture
def options(storage: ObjectStorage, tmp_path: Path) -> dict[str, Any]:
    return storage.settings(tmp_path / "cache").storage_options("s3://")


@pytest.fixture
def files(storage: ObjectStorage, tmp_path: Path) -> dict[str, Path]:
    bucket = storage.bucket().replace("s3://", "oss://")
    found = {}
    for name in ("a.srt", "b [1]*? é.srt"):
        path = tmp_path / "made" / name.replace("*?", "")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode() * 100)
        found[f"{bucket}/dir/{name}"] = path
    return found


def there(files: dict[str, Path], options: dict[str, Any]) -> list[str]:
    uri = next(iter(files)).rsplit("/", 1)[0]
    filesystem, path = open_filesystem(uri, options)
    return sorted(filesystem.find(path))


def test_files_are_put_and_can_be_read_by_their_links(
    files: dict[str, Path], options: dict[str, Any]
) -> None:
    done = upload(files, storage_options=options)
    for one, (uri, path) in zip(done, files.items(), strict=True):
        content = path.read_bytes()
        assert (one.uri, one.size) == (uri, len(content))
        assert one.sha256 == hashlib.sha256(content).hexdigest()
        address = link(one.uri, 600, options)
        assert "X-Amz-Signature" in address
        assert httpx.get(address, trust_env=False).content == content
    upload(files, storage_options=options)  # again, as after a crash
    assert len(there(files, options)) == 2


def test_what_is_called_off_half_way_is_taken_away(
    files: dict[str, Path], options: dict[str, Any]
) -> None:
    answers = iter([True, False])
    assert upload(files, storage_options=options, proceed=lambda: next(answers)) == []
    assert there(files, options) == []
    answers = iter([True, True, False])
    assert upload(files, storage_options=options, proceed=lambda: next(answers)) == []
    assert there(files, options) == []


def test_a_bucket_that_is_not_there_is_an_error(
    files: dict[str, Path], options: dict[str, Any]
) -> None:
    path = next(iter(files.values()))
    first = next(iter(files))
    with pytest.raises(StoreError):
        upload({first: path, "oss://no-such-bucket/x": path}, storage_options=options)
    assert there(files, options) == []
    remove(["oss://no-such-bucket/x"], options)


def test_bytes_that_come_back_changed_are_an_error(
    files: dict[str, Path], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    async def put(self: Any, _local: str, remote: str, **_: Any) -> None:
        await self._pipe_file(remote, b"something else")

    monkeypatch.setattr(s3fs.S3FileSystem, "_put_file", put)
    options = {**options, "skip_instance_cache": True}
    with pytest.raises(StoreError, match="other bytes"):
        upload(files, storage_options=options)
    assert there(files, options) == []


def test_local_files_are_put_as_well(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_text("x")
    (done,) = upload({(tmp_path / "out" / "b c.txt").as_uri(): source})
    assert (tmp_path / "out" / "b c.txt").read_text() == "x"
    assert link(done.uri, 60) == done.uri
    remove([done.uri])
    assert list((tmp_path / "out").iterdir()) == []
