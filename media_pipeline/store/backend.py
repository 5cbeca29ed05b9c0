"""What the lake needs of a file system. Paths are relative to its root, with forward slashes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from media_pipeline.store.manifest import FileEntry, Manifest


class Backend(Protocol):
    """The file operations of the lake; :mod:`local` and :mod:`remote` implement them."""

    @property
    def uri(self) -> str:
        """The lake's root as people write it."""

    @property
    def scratch(self) -> Path:
        """A local folder for unfinished work, from which :meth:`publish` can take it."""

    def read(self, path: str) -> bytes | None:
        """The content of a small file, or None when there is none."""

    def write(self, path: str, data: bytes) -> None:
        """Write a small file whole or not at all, over the one that is there."""

    def create(self, path: str, data: bytes) -> bool:
        """Write a small file unless there is one; of several writers at once exactly one gets
        True.
        """

    def find(self, path: str) -> dict[str, int]:
        """Every file below a folder with its bytes; paths are relative to the root."""

    def names(self, path: str) -> list[str]:
        """Names of the files and folders in a folder, in order."""

    def modified(self, path: str) -> float | None:
        """When a file below a folder was last written (seconds since 1970), or None when there is
        none.
        """

    def local(self, path: str, entry: FileEntry) -> Path:
        """A local path with the content of a file."""

    def publish(
        self, folder: Path, path: str, manifest: Manifest, exists: Callable[[], bool], replace: bool
    ) -> bool:
        """Make a scratch folder visible at a path, with its manifest, whole or not at all.

        Where ``exists()`` says that a valid artifact stands there, that one stays and the result is
        False, unless ``replace``.
        """

    def remove(self, path: str) -> int:
        """Remove a file or folder, manifests first, and return the bytes that were freed."""
