"""The manifest of an artifact: what it was made from, by what, and which files it has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MANIFEST = "manifest.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def now() -> str:
    """The time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def plain_name(name: str) -> str:
    """The name when it is a plain file name, so that it cannot leave its folder.

    Raises
    ------
    ValueError
        when it is empty, hidden, has a slash or a character that is not printable.
    """
    if (
        not name
        or name.startswith(".")
        or not name.isprintable()
        or "/" in name
        or "\\" in name
        or len(name.encode()) > 200
    ):
        raise ValueError(f"{name!r} is not a plain file name")
    return name


class FileEntry(_Record):
    """One file of an artifact."""

    name: str
    size: int = Field(ge=0)
    """Bytes."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        return plain_name(value)


class ReasonEntry(_Record):
    """Why the artifact is empty: a typed error as text."""

    code: str
    message: str
    remedy: str = ""


class Manifest(_Record):
    """What stands in ``manifest.json``."""

    asset: str
    media_key: str
    fingerprint: str
    version: str
    """Version of the stage's code."""
    params: dict[str, Any] = {}
    """The parameters with every ``auto`` resolved."""
    asked: dict[str, Any] = {}
    """The parameters as they were asked for."""
    engine: dict[str, str] | None = None
    why: str = ""
    """Why this engine was chosen."""
    inputs: dict[str, str] = {}
    """Fingerprints of the artifacts it was made from, by asset."""
    sha256: str
    """Of the original media."""
    files: tuple[FileEntry, ...] = ()
    folder: str = ""
    """Where the files lie beside the manifest; empty for beside it. Only used on object storage."""
    rows: dict[str, int] = {}
    """Rows of each table."""
    facts: dict[str, Any] = {}
    warnings: tuple[str, ...] = ()
    reason: ReasonEntry | None = None
    origin: Literal["machine", "human"] = "machine"
    created: str = Field(default_factory=now)
    """ISO 8601, UTC."""
    seconds: float = 0.0
    """Wall-clock seconds that the stage took."""
    realtime: float | None = None
    """Seconds of media per second; None for an artifact that is empty for a reason."""

    @field_validator("folder")
    @classmethod
    def _folder(cls, value: str) -> str:
        return plain_name(value) if value else value

    def entry(self, name: str) -> FileEntry | None:
        """The file of that name, or None."""
        return next((file for file in self.files if file.name == name), None)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)
