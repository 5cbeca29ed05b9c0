"""Deliver results into a folder: each file appears whole and verified, or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from media_pipeline.errors import InvalidParameter, StoreError
from media_pipeline.media.files import atomic_path, sha256_file


def deliver(files: Mapping[str, Path] | Iterable[Path], out_dir: Path) -> list[Path]:
    """Copy files into a folder, which is made when missing.

    Parameters
    ----------
    files : paths, or paths by the names they get; a name may have folders (``clips/clip_01.mp4``).
    out_dir : where to. Files of the same names are replaced.

    Raises
    ------
    InvalidParameter
        when a name would leave the folder.
    StoreError
        when a copy differs from its original or cannot be written.
    """
    named = files if isinstance(files, Mapping) else {path.name: path for path in files}
    targets = {name: out_dir / _inside(name) for name in named}
    return [_copy(named[name], target) for name, target in targets.items()]


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise InvalidParameter(f"the name {name!r} leaves the folder", "give a plain file name")
    return path


def _copy(source: Path, target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as temporary:
            expected = _copied(source, temporary)
            if sha256_file(temporary) != expected:
                raise StoreError(f"the copy {target} differs from its original", "check the disk")
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written ({error.strerror})",
            "check the folder, its rights and the free space",
        ) from error
    return target


def _copied(source: Path, target: Path) -> str:
    """Copy and return the hash of what was read."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    shutil.copyfile(source, target)
    return digest
