"""Files on disk: written whole or not at all, hashed in streams, named safely."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = 1 << 20
_SLUG_LENGTH = 48


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary sibling to write to, which becomes ``target`` when the block succeeds.

    It has the target's suffix (writers choose formats by it) and starts with a dot, so that watchers of the
    folder leave it alone. When the block raises it is removed and ``target`` is as it was before.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{uuid.uuid4().hex}.tmp{target.suffix}"
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def slug(name: str) -> str:
    """A name as a short word of letters, digits and hyphens, fit for paths, URLs and partition keys.

    Letters of every script stay, so that people recognise their files; everything else becomes a hyphen.

    >>> slug("My film (final) #2.mp4"), slug("--第1集.mkv"), slug("🎬.mp4")
    ('my-film-final-2', '第1集', 'media')
    """
    stem = unicodedata.normalize("NFC", Path(name).stem).lower()
    words = "-".join(part for part in re.split(r"[\W_]+", stem) if part)
    return words[:_SLUG_LENGTH].rstrip("-") or "media"


def sha256_file(path: Path, progress: Callable[[float], None] | None = None) -> str:
    """The SHA-256 of a file's bytes in hex, read in blocks."""
    digest = hashlib.sha256()
    size = path.stat().st_size or 1
    done = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            if progress is not None:
                progress(done / size)
    return digest.hexdigest()
