from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.store import Manifest, Store, StoredArtifact
from media_pipeline.store.cache import FileCache
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage

KEY = "film-0123456789"
SHA = "0123456789" + "a" * 54


@pytest.fixture(scope="session")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


@pytest.fixture(params=["local", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A lake of each kind: the same tests hold for all."""
    if request.param == "local":
        return Store(tmp_path / "lake", cache=FileCache(tmp_path / "cache" / "files", 10**9))
    if request.param == "memory":
        cache = FileCache(tmp_path / "cache" / "files", 10**9)
        return Store(f"memory://lake-{uuid.uuid4().hex}", cache=cache)
    storage: ObjectStorage = request.getfixturevalue("storage")
    settings = storage.settings(tmp_path / "cache", lake=f"{storage.bucket()}/some/lake")
    return Store.from_settings(settings)


@pytest.fixture
def local(tmp_path: Path) -> Store:
    return Store(tmp_path / "lake", cache=FileCache(tmp_path / "cache" / "files", 10**9))


def manifest(fingerprint: str = "f1", asset: str = "captions", **values: object) -> Manifest:
    return Manifest(
        asset=asset, media_key=KEY, fingerprint=fingerprint, version="1", sha256=SHA, **values
    )


def publish(
    store: Store,
    fingerprint: str = "f1",
    asset: str = "captions",
    content: str = "content",
    **values: object,
) -> StoredArtifact:
    with store.scratch() as scratch:
        out = scratch / "out"
        out.mkdir()
        (out / "text.txt").write_text(content)
        return store.publish(out, manifest(fingerprint, asset, **values))


def stored(store: Store, fingerprint: str = "f1", asset: str = "captions") -> str:
    """Where the file that :func:`publish` made lies in the lake."""
    found = store.backend.find(f"{asset}/{KEY}/{fingerprint}")
    return next(path for path in found if path.endswith("/text.txt"))
