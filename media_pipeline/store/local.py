"""The lake in a local folder: unfinished work is renamed into place on the same file system."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from media_pipeline.errors import StoreError
from media_pipeline.store.manifest import MANIFEST, FileEntry, Manifest

_ATTEMPTS = 20


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def last_write(folder: Path) -> float | None:
    """When a folder or anything below it was last written, seconds since 1970; None without it."""
    times = []
    for place, _, names in os.walk(folder):
        for path in (Path(place), *(Path(place) / name for name in names)):
            with suppress(FileNotFoundError):  # removed meanwhile
                times.append(path.lstat().st_mtime)
    return max(times, default=None)


class LocalBackend:
    """The lake's file operations in a local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def uri(self) -> str:
        """The lake's folder."""
        return str(self.root)

    @property
    def scratch(self) -> Path:
        """A folder on the lake's own file system, so that finished work can be renamed."""
        return self.root / "_scratch"

    def read(self, path: str) -> bytes | None:
        """The content of a small file, or None when there is none."""
        with self._errors():
            try:
                return (self.root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, path: str, data: bytes) -> None:
        """Write a small file whole or not at all."""
        with self._errors(), self._temporary(path, data) as temporary:
            temporary.replace(self.root / path)
            fsync_folder((self.root / path).parent)

    def create(self, path: str, data: bytes) -> bool:
        """Write a small file unless there is one; a link is made whole and to one writer only."""
        with self._errors(), self._temporary(path, data) as temporary:
            try:
                os.link(temporary, self.root / path)
            except FileExistsError:
                return False
            fsync_folder((self.root / path).parent)
            return True

    def find(self, path: str) -> dict[str, int]:
        """Every file below a folder with its bytes."""
        found = {}
        with self._errors():
            for folder, _, names in os.walk(self.root / path):
                for name in names:
                    file = Path(folder) / name
                    with suppress(FileNotFoundError):  # removed meanwhile
                        found[file.relative_to(self.root).as_posix()] = file.lstat().st_size
        return found

    def names(self, path: str) -> list[str]:
        """Names in a folder, in order."""
        with self._errors():
            try:
                return sorted(file.name for file in (self.root / path).iterdir())
            except (FileNotFoundError, NotADirectoryError):
                return []

    def modified(self, path: str) -> float | None:
        """When something in a folder was last written."""
        return last_write(self.root / path)

    def local(self, path: str, entry: FileEntry) -> Path:
        """The file itself."""
        return self.root / path

    def publish(
        self, folder: Path, path: str, manifest: Manifest, exists: Callable[[], bool], replace: bool
    ) -> bool:
        """Rename a scratch folder into place."""
        target = self.root / path
        with self._errors():
            self._sync(folder, manifest)
            for _ in range(_ATTEMPTS):
                target.parent.mkdir(parents=True, exist_ok=True)
                if replace and target.exists():
                    self._withdraw(target)
                if self._renamed(folder, target):
                    return True
                if not replace and exists():
                    return False
                self._withdraw(target)  # what stands there is broken
        raise StoreError(
            f"{target} cannot be published", "other processes keep writing the same artifact"
        )

    def remove(self, path: str) -> int:
        """Rename out of sight at once, then remove."""
        target = self.root / path
        with self._errors():
            if not target.is_dir():
                size = target.lstat().st_size if target.exists() else 0
                target.unlink(missing_ok=True)
                return size
            size = sum(self.find(path).values())
            self._withdraw(target)
            return size

    def _sync(self, folder: Path, manifest: Manifest) -> None:
        for file in manifest.files:
            handle = os.open(folder / file.name, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        write_synced(folder / MANIFEST, manifest.model_dump_json(indent=1).encode())
        fsync_folder(folder)

    def _renamed(self, folder: Path, target: Path) -> bool:
        try:
            os.rename(folder, target)  # noqa: PTH104 - Path.rename says nothing more
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                return False
            if error.errno == errno.ENOENT and folder.is_dir():  # the parent was removed meanwhile
                return False
            raise
        fsync_folder(target.parent)
        return True

    def _withdraw(self, target: Path) -> None:
        aside = self.scratch / f"removed-{uuid.uuid4().hex}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.rename(aside)
        except FileNotFoundError:
            return
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink()

    @contextmanager
    def _temporary(self, path: str, data: bytes) -> Iterator[Path]:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            write_synced(temporary, data)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"the lake {self.root} cannot be used ({error.strerror}: {error.filename})",
                "check the path, its rights and the free space, or set MEDIA_PIPELINE_LAKE",
            ) from error
