"""The inbox: which of its files are new and have been written to their end.

``<inbox>/`` holds files for the default profile, ``<inbox>/<profile>/`` those for the profile of
that name. A file counts as complete when its size and time are the same at two looks in a row. What
was seen is kept in a cursor of twelve characters for each file that is there; files that vanish are
forgotten.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from media_pipeline.profiles import DEFAULT

_TEMPORARY = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp")
_PROFILES = (".yaml", ".yml")
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Upload:
    """One version of one file in the inbox."""

    path: str
    """In its file system."""
    profile: str
    version: str
    """Names the path, size and time; another one for each version of the file."""


@dataclass
class Cursor:
    """What earlier looks have seen, by version."""

    pending: set[str] = field(default_factory=set)
    """Seen once."""
    done: set[str] = field(default_factory=set)
    """Handed out."""
    resume: str = ""
    """The folder at which the last look ran out of time."""

    @classmethod
    def read(cls, text: str | None) -> Cursor:
        """The cursor from its text; an empty one when there is none or it cannot be read."""
        try:
            data = json.loads(text or "{}")
            return cls(
                _split(data.get("pending", "")),
                _split(data.get("done", "")),
                data.get("resume", ""),
            )
        except (ValueError, AttributeError, TypeError):
            return cls()

    def write(self) -> str:
        """The cursor as text."""
        joined = {"pending": "".join(sorted(self.pending)), "done": "".join(sorted(self.done))}
        return json.dumps({**joined, "resume": self.resume}, separators=(",", ":"))


def look(
    filesystem: Any,
    root: str,
    cursor: Cursor,
    *,
    limit: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[list[Upload], Cursor]:
    """Look into the inbox once.

    Parameters
    ----------
    filesystem : an fsspec file system.
    root : the inbox's path in it.
    cursor : what the last look has left.
    limit : how many files are handed out at most; the others follow at the next look.
    seconds : time after which no further folder is listed; the next look begins with that one.

    Returns
    -------
    uploads : complete files that were not handed out before, oldest folder first.
    cursor : for the next look.
    """
    began = clock()
    filesystem.invalidate_cache()
    listed = _list(filesystem, root)
    folders = [DEFAULT, *sorted(_subfolders(listed or []))]
    first = folders.index(cursor.resume) if cursor.resume in folders else 0
    folders = folders[first:] + folders[:first]
    seen, uploads, whole = Cursor(), list[Upload](), True
    for number, folder in enumerate(folders):
        if number and clock() - began > seconds:
            seen.resume, whole = folder, False
            break
        entries = listed if folder == DEFAULT else _list(filesystem, f"{root}/{folder}")
        whole = whole and entries is not None
        for upload in _uploads(entries or [], folder):
            if upload.version in cursor.done:
                seen.done.add(upload.version)
            elif upload.version in cursor.pending and len(uploads) < limit:
                seen.done.add(upload.version)
                uploads.append(upload)
            else:
                seen.pending.add(upload.version)
    if not whole:  # what was not listed has not vanished
        seen.done |= cursor.done
        seen.pending |= cursor.pending - seen.done
    return uploads, seen


def _list(filesystem: Any, folder: str) -> list[dict[str, Any]] | None:
    """The entries of a folder, or None when it changed under the look."""
    try:
        entries: list[dict[str, Any]] = filesystem.ls(folder, detail=True)
    except FileNotFoundError:
        return None
    # Object storage shows the folder's own marker among its entries.
    inside = [entry for entry in entries if entry["name"].rstrip("/") != folder.rstrip("/")]
    return [_followed(filesystem, entry) if entry.get("islink") else entry for entry in inside]


def _followed(filesystem: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of what a symbolic link points to, under the link's name."""
    try:
        return {**filesystem.info(entry["name"]), "name": entry["name"]}
    except FileNotFoundError:
        return {**entry, "type": "other"}


def _subfolders(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        name = _name(entry)
        if (
            entry["type"] == "directory"
            and not name.startswith(".")
            and name != DEFAULT
            and _is_text(name)
        ):
            yield name


def _uploads(entries: list[dict[str, Any]], profile: str) -> Iterator[Upload]:
    for entry in sorted(entries, key=lambda entry: str(entry["name"])):
        name = _name(entry)
        lower = name.lower()
        ignored = (
            name.startswith(".") or lower.endswith((*_TEMPORARY, *_PROFILES)) or not _is_text(name)
        )
        if entry["type"] == "file" and not ignored:
            yield Upload(entry["name"], profile, _version(entry))


def _name(entry: dict[str, Any]) -> str:
    return PurePosixPath(entry["name"]).name


def _is_text(name: str) -> bool:
    """Whether a file name can be written down: names that are not UTF-8 cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _version(entry: dict[str, Any]) -> str:
    times = [
        entry.get(name) for name in ("mtime", "LastModified", "last_modified", "ETag", "created")
    ]
    identity = json.dumps(
        [entry["name"], entry["size"], *map(str, times[:4] if any(times[:4]) else times)]
    )
    return hashlib.sha256(identity.encode()).hexdigest()[:_DIGITS]


def _split(text: str) -> set[str]:
    return {text[i : i + _DIGITS] for i in range(0, len(text), _DIGITS)}
