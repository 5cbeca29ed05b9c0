"""The original media of the lake's items: hashed when they come, found again when wanted.

The lake does not copy originals. A local file is used where it lies, as long as it still has the
content that was registered; a remote one is streamed into the cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from media_pipeline.errors import InputError, SourceGone, StoreError
from media_pipeline.media.files import atomic_path, check_file, sha256_file, slug
from media_pipeline.stages.base import quiet
from media_pipeline.store.cache import FileCache
from media_pipeline.store.manifest import FileEntry
from media_pipeline.store.media import MediaItem
from media_pipeline.store.places import local_path
from media_pipeline.transfer.fetch import check_size, fetch

_RACY_NS = 2_000_000_000  # a file written this recently may change again within its time stamp
_ABANDONED_S = 24 * 3600.0

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Original:
    """An original that was found."""

    path: Path
    """Where it lies on this machine."""
    uri: str
    name: str
    size: int
    """Bytes."""
    sha256: str = ""
    """Empty until it is hashed."""


class Originals:
    """Finds and hashes original media.

    Parameters
    ----------
    cache : for copies of remote originals; hints of known hashes lie beside it.
    max_bytes : limit of one file.
    storage_options : for fsspec; by default as the settings say.
    """

    def __init__(
        self,
        cache: FileCache,
        *,
        max_bytes: int | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.cache = cache
        self.max_bytes = max_bytes
        self._options = storage_options
        self._hints = cache.folder.parent / "hashes"

    def locate(self, place: str | Path, progress: Progress = quiet) -> Original:
        """Find what is to be added, fetching it when it is remote. A local file is not hashed yet.

        Raises
        ------
        MediaNotFound, NotMedia, EmptyMedia, MediaTooLarge, InvalidParameter, StoreError
        """
        path = local_path(place)
        if path is None:
            return self._fetched(str(place), progress)
        check_file(path)
        size = path.stat().st_size
        check_size(path, size, self.max_bytes)
        return Original(path, path.as_uri(), path.name, size)

    def hashed(self, original: Original, progress: Progress = quiet) -> Original:
        """The same original with its hash.

        Raises
        ------
        InputError
            when the file changes while it is read.
        """
        if original.sha256:
            return original
        return replace(original, sha256=self.sha256(original.path, progress))

    def path(self, item: MediaItem, progress: Progress = quiet) -> Path:
        """A local path to an item's original, with exactly the content that was registered.

        Raises
        ------
        SourceGone
            when none of its places has it any more.
        """
        cached = self.cache.find(item.sha256, item.size)
        for uri in reversed(item.uris):
            try:
                local = local_path(uri)
                if local is not None:
                    if self._unchanged(local, item):
                        return local
                elif cached is not None:
                    return cached
                elif (got := self._fetched(uri, progress)).sha256 == item.sha256:
                    return got.path
            except (InputError, StoreError):
                continue
        last = local_path(item.uris[-1]) or item.uris[-1]
        raise SourceGone(
            f"the original of {item.key} is not at {last} any more, or has changed",
            "put it back, or add it again from where it is now",
        )

    def at_hand(self, item: MediaItem) -> Path | None:
        """A local path to an item's original, when that can be had without fetching or hashing."""
        cached = self.cache.find(item.sha256, item.size, check=False)
        if cached is not None:
            return cached
        for path in filter(None, map(local_path, reversed(item.uris))):
            with suppress(OSError):
                if path.stat().st_size == item.size:
                    return path
        return None

    def cached(self, path: Path) -> list[Path]:
        """The folder to touch now and then while the path is in use; none for a file in place."""
        return [path.parent] if path.is_relative_to(self.cache.folder) else []

    def sha256(self, path: Path, progress: Progress = quiet) -> str:
        """The hash of a local file; known ones come from a hint that names size, times and
        inode.
        """
        before = _stamp(path)
        hint = self._hints / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"
        known = _read_hint(hint, before)
        if known:
            progress(1.0)
            return known
        started = time.time_ns()
        digest = sha256_file(path, progress)
        if _stamp(path) != before:
            raise InputError(f"{path} changes while it is read", "wait until it is complete")
        if max(before[1:3]) < started - _RACY_NS:
            _write_hint(hint, before, digest)
        return digest

    def _unchanged(self, path: Path, item: MediaItem) -> bool:
        try:
            return path.stat().st_size == item.size and self.sha256(path) == item.sha256
        except OSError:
            return False

    def _fetched(self, uri: str, progress: Progress) -> Original:
        name = uri.rstrip("/").rsplit("/", 1)[-1]
        folder = self.cache.folder.parent / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        # Names of objects may be anything: the copy gets a safe one with the same suffix.
        suffix = Path(name).suffix if Path(name).suffix[1:].isalnum() else ""
        safe = slug(Path(name).stem) + suffix
        target = folder / f"{os.getpid()}-{time.time_ns()}{suffix}"
        try:
            got = fetch(
                uri,
                target,
                max_bytes=self.max_bytes,
                storage_options=self._options,
                progress=progress,
            )
            entry = FileEntry(name=safe, size=got.size, sha256=got.sha256)
            path = self.cache.adopt(target, entry)
        finally:
            target.unlink(missing_ok=True)
        return Original(path, uri, name, got.size, got.sha256)


def _sweep(folder: Path) -> None:
    """Remove what killed downloads have left."""
    limit = time.time() - _ABANDONED_S
    for file in folder.iterdir():
        with suppress(OSError):
            if file.stat().st_mtime < limit:
                file.unlink()


def _stamp(path: Path) -> tuple[int, int, int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev


def _read_hint(hint: Path, stamp: tuple[int, ...]) -> str | None:
    try:
        value = json.loads(hint.read_bytes())
        return str(value["sha256"]) if tuple(value["stamp"]) == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_hint(hint: Path, stamp: tuple[int, ...], digest: str) -> None:
    # A cache folder that cannot be written only costs time: the file is hashed again.
    with suppress(OSError):
        hint.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError), atomic_path(hint) as temporary:
        temporary.write_text(json.dumps({"stamp": stamp, "sha256": digest}), encoding="utf-8")
