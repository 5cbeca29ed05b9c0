"""Files: writing them whole or not at all, safe names, and hashes."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from media_pipeline.errors import EmptyMedia, MediaNotFound, NotMedia

_CHUNK = 1 << 20
_MAX_SLUG = 60


def check_file(path: Path) -> None:
    """Raise the typed error for a path that is no file or has no bytes.

    Raises
    ------
    MediaNotFound, NotMedia, EmptyMedia
    """
    if not path.exists():
        raise MediaNotFound(path)
    if not path.is_file():
        raise NotMedia(path.name, "it is not a file")
    if path.stat().st_size == 0:
        raise EmptyMedia(path.name)


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary sibling to write to, with the target's suffix; renamed to the target on success,
    else removed.

    >>> with atomic_path(Path("out.txt")) as temporary:  # doctest: +SKIP
    ...     temporary.write_text("whole")
    """
    target = Path(target).absolute()
    temporary = target.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def slug(name: str) -> str:
    """A short name for folders and partition keys, of letters, digits and single dashes.

    Letters of every script stay (they are legal in paths and in Dagster's keys); a file suffix is
    dropped.

    >>> slug("-My  Film: part 1 (final).mp4")
    'my-film-part-1-final'
    >>> slug("…")
    'media'
    """
    stem = re.sub(r"\.\w{1,5}$", "", name)
    text = unicodedata.normalize("NFKC", stem).casefold()
    words = "".join(c if c.isalnum() else " " for c in text).split()
    return "-".join(words)[:_MAX_SLUG].strip("-") or "media"


def sha256_file(path: Path, progress: Callable[[float], None] | None = None) -> str:
    """The SHA-256 of a file's content as 64 hexadecimal digits, streamed; ``progress`` gets the
    share that is read.
    """
    size = max(1, path.stat().st_size)
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(min(1.0, done / size))
    return digest.hexdigest()
