"""Disks that are full: what fails for that says so, whoever noticed it first.

A library that cannot write on says so in words of its own, if at all: ffmpeg on its last line,
others by a file that is too short, and whoever was writing to object storage at the time would be
told that the storage cannot be used.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from media_pipeline.errors import DiskFull, EncodeFailed, StoreError

_CODES = {errno.ENOSPC, errno.EDQUOT}
_WORDS = tuple(os.strerror(code) for code in sorted(_CODES))
_NOTHING = 256 * 1024
"""With fewer bytes free no stage can write, whatever it says it failed for."""


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Turn errors that come from a full disk into the one that says it.

    Parameters
    ----------
    folder : where the block writes to.

    Raises
    ------
    DiskFull
    """
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        if not (_says_so(error) or _may_be(error, folder)):
            raise
        raise DiskFull(
            f"no space is left for {folder} on {socket.gethostname()}",
            "free some there, or set MEDIA_PIPELINE_CACHE_DIR or MEDIA_PIPELINE_LAKE to a larger "
            "disk",
        ) from error


def _says_so(error: BaseException) -> bool:
    """Whether an error, or what it was raised for, is that of the system."""
    seen: BaseException | None = error
    while seen is not None:
        if getattr(seen, "errno", None) in _CODES or any(word in str(seen) for word in _WORDS):
            return True
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return False


def _may_be(error: Exception, folder: Path) -> bool:
    """Whether an error can come from writing, and there is nothing to write on."""
    if not isinstance(error, OSError | StoreError | EncodeFailed):
        return False
    try:
        return shutil.disk_usage(folder).free < _NOTHING
    except OSError:
        return False
