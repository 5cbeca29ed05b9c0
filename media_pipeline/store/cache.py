"""Local copies of remote files: verified, bounded in bytes, the longest unused removed first."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from media_pipeline.errors import StoreError
from media_pipeline.store.manifest import FileEntry

_GRACE_S = 3600.0  # a file that was used this recently may be open by name in some stage
_PART = ".part"

_Stamp = tuple[int, int, int]


class FileCache:
    """A folder of verified copies, shared by all processes of the machine.

    A process holds a copy against its hash before it first uses it, and again when the file was
    written since: a damaged copy is removed and fetched anew.

    Parameters
    ----------
    folder : where the copies lie, as ``<sha256>/<name>``.
    max_bytes : what may lie there; files used within the last hour are kept even beyond it.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self._checked: dict[Path, _Stamp] = {}

    def get(self, entry: FileEntry, download: Callable[[Path], None]) -> Path:
        """A local path to a file, downloaded unless there is a copy.

        Raises
        ------
        StoreError
            when what was downloaded has another size or hash.
        """
        copy = self.folder / entry.sha256 / entry.name
        if self._used(copy, entry.sha256, entry.size):
            return copy
        copy.parent.mkdir(parents=True, exist_ok=True)
        temporary = copy.parent / f".{uuid.uuid4().hex}{_PART}"
        try:
            download(temporary)
            verify(temporary, entry)
            temporary.replace(copy)
            self._checked[copy] = _stamp(copy)
        finally:
            temporary.unlink(missing_ok=True)
        self.trim()
        return copy

    def adopt(self, file: Path, entry: FileEntry) -> Path:
        """Move a file that was just downloaded and hashed into the cache."""
        copy = self.folder / entry.sha256 / entry.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        file.replace(copy)
        os.utime(copy.parent)
        self._checked[copy] = _stamp(copy)
        self.trim()
        return copy

    def find(self, sha256: str, size: int, *, check: bool = True) -> Path | None:
        """A copy of that content under whatever name, or None; unless ``check``, only its size is
        looked at.
        """
        folder = self.folder / sha256
        try:
            copies = sorted(p for p in folder.iterdir() if not p.name.endswith(_PART))
        except OSError:
            return None
        return next((copy for copy in copies if self._used(copy, sha256, size, check)), None)

    def trim(self) -> None:
        """Remove the longest unused copies until the rest fits."""
        entries = []
        for folder in self.folder.iterdir():
            try:
                size = sum(file.stat().st_size for file in folder.iterdir())
                entries.append((folder.stat().st_mtime, size, folder))
            except OSError:  # another process trims too
                continue
        total = sum(size for _, size, _ in entries)
        for used, size, folder in sorted(entries):
            if total <= self.max_bytes or used > time.time() - _GRACE_S:
                return
            shutil.rmtree(folder, ignore_errors=True)
            total -= size

    def _used(self, copy: Path, sha256: str, size: int, check: bool = True) -> bool:
        """Whether the copy is there and right; a wrong one is removed."""
        try:
            stamp = _stamp(copy)
            if stamp[0] != size or not check:
                return stamp[0] == size
            if self._checked.get(copy) != stamp:
                verify(copy, FileEntry(name=copy.name, size=size, sha256=sha256))
                self._checked[copy] = stamp
            os.utime(copy.parent)
        except OSError:
            return False
        except StoreError:
            copy.unlink(missing_ok=True)
            return False
        return True


def _stamp(file: Path) -> _Stamp:
    """What changes when a file is written; the times of its links would also change with pins."""
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def verify(file: Path, entry: FileEntry) -> None:
    """Hold a file against its size and hash.

    Raises
    ------
    StoreError
        when one of them differs.
    """
    size = file.stat().st_size
    if size != entry.size:
        raise StoreError(
            f"{entry.name} came with {size} bytes instead of {entry.size}", "try again"
        )
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != entry.sha256:
        raise StoreError(f"{entry.name} came with other content than was published", "try again")
