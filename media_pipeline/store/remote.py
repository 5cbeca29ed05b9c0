"""The lake at an fsspec URI: files first, the manifest last, and only the manifest counts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from media_pipeline.store.cache import FileCache
from media_pipeline.store.manifest import MANIFEST, FileEntry, Manifest
from media_pipeline.store.places import open_filesystem, remote_errors

_PART_BYTES = 16 * 1024**2  # of large files, which are put in parts: a lost one is sent again
_CONFLICTS = 5
_TAKEN = ("PreconditionFailed", "pre-conditions")
_CONTESTED = "ConditionalRequestConflict"  # two such requests at once: S3 lets neither through


class RemoteBackend:
    """The lake's file operations on object storage.

    Objects cannot be renamed, and two writers may upload different bytes for the same fingerprint.
    So each writer uploads into a folder of its own inside the artifact's, and the manifest, which
    is created last and exclusively, says which folder counts. What a killed writer has left is
    never looked at. Where a storage ignores the condition, the last of two manifests stays: it is
    as whole as the other.
    """

    def __init__(
        self, uri: str, cache: FileCache, options: Mapping[str, Any] | None = None
    ) -> None:
        self._uri = uri.rstrip("/")
        self._fs, self._root = open_filesystem(self._uri, options)
        self._cache = cache
        s3 = "s3" in self._fs.protocol
        # Else s3fs asks for the size before each read, to split it.
        self._whole = {"max_concurrency": 1} if s3 else {}
        self._parts = {"chunksize": _PART_BYTES} if s3 else {}

    @property
    def uri(self) -> str:
        """The lake's URI."""
        return self._uri

    @property
    def scratch(self) -> Path:
        """A folder beside the cache, so that cached files can be linked into it."""
        return self._cache.folder.parent / "scratch"

    def read(self, path: str) -> bytes | None:
        """The content of a small file, or None when there is none."""
        with remote_errors(self._uri):
            try:
                data: bytes = self._fs.cat_file(self._full(path), **self._whole)
            except FileNotFoundError:
                return None
            return data

    def write(self, path: str, data: bytes) -> None:
        """Write a small object; object storage does that whole or not at all."""
        with remote_errors(self._uri):
            self._fs.pipe_file(self._full(path), data)

    def create(self, path: str, data: bytes) -> bool:
        """Write a small object unless there is one (a conditional PUT on S3)."""
        full = self._full(path)
        with remote_errors(self._uri):
            for tries_left in reversed(range(_CONFLICTS)):
                if self._fs.exists(full):  # for stores that ignore the condition
                    return False
                try:
                    self._fs.pipe_file(full, data, mode="create")
                except FileExistsError:
                    return False
                except OSError as error:
                    if any(word in repr(error) for word in _TAKEN):
                        return False
                    if tries_left and _CONTESTED in repr(error):
                        continue
                    raise
                return True
        raise AssertionError  # the last try returns or raises

    def find(self, path: str) -> dict[str, int]:
        """Every object below a prefix with its bytes, in one listing."""
        with remote_errors(self._uri):
            try:
                found = self._fs.find(self._full(path), detail=True)
            except FileNotFoundError:
                return {}
        skip = len(self._root) + 1
        return {name[skip:]: int(info["size"] or 0) for name, info in found.items()}

    def names(self, path: str) -> list[str]:
        """Names directly below a prefix, in order."""
        with remote_errors(self._uri):
            try:
                found = self._fs.ls(self._full(path) if path else self._root, detail=False)
            except FileNotFoundError:
                return []
        return sorted({name.rstrip("/").rsplit("/", 1)[-1] for name in found})

    def modified(self, path: str) -> float | None:
        """When an object below a prefix was last written."""
        with remote_errors(self._uri):
            times = [self._fs.modified(self._full(name)) for name in self.find(path)]
        return max((time.timestamp() for time in times), default=None)

    def local(self, path: str, entry: FileEntry) -> Path:
        """A verified copy in the cache."""

        def download(target: Path) -> None:
            with remote_errors(f"{self._uri}/{path}"):
                self._fs.get_file(self._full(path), str(target))

        return self._cache.get(entry, download)

    def publish(
        self, folder: Path, path: str, manifest: Manifest, exists: Callable[[], bool], replace: bool
    ) -> bool:
        """Upload the files, then create the manifest."""
        if not replace and exists():
            return False
        place = uuid.uuid4().hex if manifest.files else ""
        self._upload(folder, f"{path}/{place}", manifest)
        data = manifest.model_copy(update={"folder": place}).model_dump_json(indent=1).encode()
        if not replace:
            # A request that was repeated because its answer got lost finds its own manifest.
            if self.create(f"{path}/{MANIFEST}", data) or self.read(f"{path}/{MANIFEST}") == data:
                return True
            if exists():
                self._discard(f"{path}/{place}", manifest)
                return False
        self.write(f"{path}/{MANIFEST}", data)  # over a broken one, or on purpose
        return True

    def remove(self, path: str) -> int:
        """Remove all objects below a prefix, manifests and pointers first."""
        found = self.find(path) or self._single(path)
        ordered = sorted(found, key=lambda name: (not name.endswith(".json"), name))
        with remote_errors(self._uri):
            for name in ordered:
                self._fs.rm_file(self._full(name))
        return sum(found.values())

    def _single(self, path: str) -> dict[str, int]:
        data = self.read(path)
        return {} if data is None else {path: len(data)}

    def _upload(self, folder: Path, target: str, manifest: Manifest) -> None:
        with remote_errors(self._uri):
            for file in manifest.files:
                here, there = str(folder / file.name), self._full(f"{target}/{file.name}")
                self._fs.put_file(here, there, **self._parts)

    def _discard(self, target: str, manifest: Manifest) -> None:
        with remote_errors(self._uri):
            for file in manifest.files:
                self._fs.rm_file(self._full(f"{target}/{file.name}"))

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"
