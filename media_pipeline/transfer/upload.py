"""Results into object storage: put, read back and compared, or taken away again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_pipeline.errors import StoreError
from media_pipeline.media.files import sha256_file
from media_pipeline.store.places import local_path, open_filesystem, remote_errors
from media_pipeline.transfer.deliver import deliver

_BLOCK = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class Delivered:
    """A result that is in place."""

    uri: str
    size: int
    """Bytes."""
    sha256: str


def upload(
    files: Mapping[str, Path],
    *,
    storage_options: Mapping[str, Any] | None = None,
    proceed: Callable[[], bool] = lambda: True,
    undo: Callable[[], bool] = lambda: True,
) -> list[Delivered]:
    """Put files where they are wanted; what is there already under the names is replaced.

    Parameters
    ----------
    files : by URI of object storage, or ``file://``.
    proceed : asked before and after each file; when it says no, what was put is removed again.
    undo : asked before anything is removed; says no where somebody else has put the same there.

    Returns
    -------
    list of Delivered
        empty when it was called off.

    Raises
    ------
    StoreError
        when storage refuses, or what it gives back is not what was put. What was put is removed.
    """
    done: list[Delivered] = []
    try:
        for uri, path in files.items():
            if not proceed():
                break
            done.append(_put(uri, path, storage_options))
        else:
            if proceed():
                return done
    except BaseException:
        if undo():
            remove([one.uri for one in done], storage_options)
        raise
    if undo():
        remove([one.uri for one in done], storage_options)
    return []


def remove(uris: list[str], storage_options: Mapping[str, Any] | None = None) -> None:
    """Take results away, as far as that is possible."""
    for uri in uris:
        with suppress(StoreError, OSError):
            local = local_path(uri)
            if local is not None:
                local.unlink(missing_ok=True)
                continue
            filesystem, path = open_filesystem(uri, storage_options)
            with remote_errors(uri):
                filesystem.rm_file(path)


def link(uri: str, seconds: int, storage_options: Mapping[str, Any] | None = None) -> str:
    """A web address by which a result can be read for some time; a local one stays ``file://``."""
    if local_path(uri) is not None:
        return uri
    filesystem, path = open_filesystem(uri, storage_options)
    with remote_errors(uri):
        return str(filesystem.sign(path, expiration=seconds))


def _put(uri: str, path: Path, options: Mapping[str, Any] | None) -> Delivered:
    target = local_path(uri)
    if target is not None:
        deliver({target.name: path}, target.parent)
        return Delivered(uri, path.stat().st_size, sha256_file(path))
    filesystem, inside = open_filesystem(uri, options)
    with remote_errors(uri):
        filesystem.put_file(str(path), inside)
        size, digest = 0, hashlib.sha256()
        with filesystem.open(inside, "rb", block_size=_BLOCK) as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                digest.update(block)
    if digest.hexdigest() != sha256_file(path):
        remove([uri], options)
        raise StoreError(f"{uri} holds other bytes than were put there", "try again")
    return Delivered(uri, size, digest.hexdigest())
