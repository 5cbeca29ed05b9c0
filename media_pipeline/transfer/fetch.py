"""Fetch a file from a path or URI, streamed, with a limit of bytes and its hash as a by-product."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from media_pipeline.errors import MediaNotFound, MediaTooLarge, NotMedia
from media_pipeline.media.files import atomic_path
from media_pipeline.stages.base import quiet
from media_pipeline.store.places import local_path, open_filesystem, remote_errors

_BLOCK = 4 * 1024**2

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched."""

    path: Path
    size: int
    """Bytes."""
    sha256: str


def fetch(
    uri: str | Path,
    target: Path,
    *,
    max_bytes: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: Progress = quiet,
) -> Fetched:
    """Copy a file to a local path; the target appears whole or not at all.

    Parameters
    ----------
    uri : a path, ``file://`` or an object storage URI. Web addresses are refused.
    target : where to.
    max_bytes : the limit, which is kept also when the source announces fewer bytes than it sends.
    storage_options : for fsspec; by default as the settings say.
    progress : called with the share that has come.

    Raises
    ------
    MediaNotFound, MediaTooLarge
    InvalidParameter
        when the scheme is not supported.
    StoreError
        when object storage refuses or cannot be reached.
    """
    digest = hashlib.sha256()
    done = 0
    with _opened(uri, storage_options) as (source, size):
        check_size(uri, size, max_bytes)
        with atomic_path(target) as temporary, temporary.open("wb") as sink:
            while block := source.read(_BLOCK):
                done += len(block)
                check_size(uri, done, max_bytes)
                digest.update(block)
                sink.write(block)
                progress(min(1.0, done / size) if size else 0.0)
    return Fetched(target, done, digest.hexdigest())


def check_size(name: str | Path, size: int | None, max_bytes: int | None) -> None:
    """Hold a size against the limit.

    Raises
    ------
    MediaTooLarge
    """
    if max_bytes is not None and size is not None and size > max_bytes:
        raise MediaTooLarge(
            f"{name} has {size:,} bytes, more than the limit of {max_bytes:,}",
            "raise MEDIA_PIPELINE_MAX_MEDIA_BYTES or give a smaller file",
        )


@contextmanager
def _opened(
    uri: str | Path, options: Mapping[str, Any] | None
) -> Iterator[tuple[BinaryIO, int | None]]:
    path = local_path(uri)
    if path is not None:
        if not path.exists():
            raise MediaNotFound(path)
        if not path.is_file():
            raise NotMedia(path.name, "it is not a file")
        with path.open("rb") as file:
            yield file, path.stat().st_size
        return
    filesystem, inside = open_filesystem(str(uri), options)
    with remote_errors(str(uri)):
        try:
            size = filesystem.info(inside).get("size")
            opened = filesystem.open(inside, "rb", block_size=_BLOCK, cache_type="readahead")
        except FileNotFoundError:
            raise MediaNotFound(str(uri)) from None
        with opened as stream:
            yield cast(BinaryIO, stream), size
