"""A published artifact: its manifest and its files, on a local path when asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from media_pipeline.errors import ArtifactMissing
from media_pipeline.stages.base import Reason, raise_reason
from media_pipeline.store.backend import Backend
from media_pipeline.store.manifest import MANIFEST, Manifest


def table_file(name: str) -> str:
    """The file name of a table, which may be given with or without its suffix."""
    return name if name.endswith(".parquet") else f"{name}.parquet"


@dataclass(frozen=True)
class StoredArtifact:
    """An artifact of the lake. It is whole and never changes.

    Implements :class:`media_pipeline.stages.base.Artifact`. Files of a remote lake are fetched when
    a path to them is asked for.
    """

    backend: Backend
    manifest: Manifest
    pins: Path | None = None
    """Where hard links to fetched files are kept, so that the cache cannot remove them while a
    stage runs."""

    @property
    def asset(self) -> str:
        """The asset's name."""
        return self.manifest.asset

    @property
    def media_key(self) -> str:
        """The media item it was made from."""
        return self.manifest.media_key

    @property
    def fingerprint(self) -> str:
        """What identifies the artifact."""
        return self.manifest.fingerprint

    @property
    def created(self) -> str:
        """When it was published, ISO 8601 in UTC."""
        return self.manifest.created

    @property
    def facts(self) -> Mapping[str, Any]:
        """Small results that stand in the manifest."""
        return self.manifest.facts

    @property
    def reason(self) -> Reason | None:
        """Why the artifact is empty, or None."""
        entry = self.manifest.reason
        return Reason(entry.code, entry.message, entry.remedy) if entry else None

    @property
    def human(self) -> bool:
        """Whether a person made it."""
        return self.manifest.origin == "human"

    @property
    def uri(self) -> str:
        """Where it lies, as people write it."""
        return f"{self.backend.uri}/{artifact_path(self.asset, self.media_key, self.fingerprint)}"

    def file_uri(self, name: str) -> str:
        """Where one of its files lies."""
        return f"{self.backend.uri}/{self._place(name)}"

    def path(self, name: str) -> Path:
        """A local path to one of its files.

        Raises
        ------
        ArtifactMissing
            when it has no such file.
        Unavailable
            instead, when the artifact is empty for a reason: what needs the file is empty for the
            same one.
        StoreError
            when the file cannot be fetched, or is not what was published.
        """
        entry = self.manifest.entry(name)
        if entry is None:
            raise_reason(self)
            raise ArtifactMissing(
                f"{self.asset} of {self.media_key} has no file {name}", "run it again"
            )
        local = self.backend.local(self._place(name), entry)
        return local if self.pins is None else _pinned(local, self.pins / self.asset / name)

    def files(self, pattern: str = "*") -> Sequence[Path]:
        """Local paths to its files whose names match, in name order."""
        names = sorted(f.name for f in self.manifest.files if fnmatchcase(f.name, pattern))
        return [self.path(name) for name in names]

    def table(self, name: str) -> pa.Table:
        """One of its tables; ``name`` with or without ``.parquet``."""
        return pq.ParquetFile(self.path(table_file(name))).read()

    def pinned(self, folder: Path) -> StoredArtifact:
        """The same artifact, whose fetched files stay in a folder for as long as that folder
        exists.
        """
        return replace(self, pins=folder)

    def _place(self, name: str) -> str:
        """Where one of its files lies in the lake."""
        inside = f"{self.manifest.folder}/{name}" if self.manifest.folder else name
        return f"{artifact_path(self.asset, self.media_key, self.fingerprint)}/{inside}"


def artifact_path(asset: str, key: str, fingerprint: str) -> str:
    """Where an artifact lies in the lake."""
    return f"{asset}/{key}/{fingerprint}"


def load_artifact(
    backend: Backend,
    asset: str,
    key: str,
    fingerprint: str,
    sizes: Mapping[str, int] | None = None,
) -> StoredArtifact | None:
    """The artifact at its place, or None when there is none that is whole.

    A manifest that cannot be read, or is that of another artifact, or lists files that are missing
    or have another size, counts as no artifact: it will be made again.
    """
    place = artifact_path(asset, key, fingerprint)
    data = backend.read(f"{place}/{MANIFEST}")
    if data is None:
        return None
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError:
        return None
    if (manifest.asset, manifest.media_key, manifest.fingerprint) != (asset, key, fingerprint):
        return None
    if sizes is None:
        sizes = backend.find(place) if manifest.files else {}
    inside = f"{place}/{manifest.folder}" if manifest.folder else place
    if any(sizes.get(f"{inside}/{file.name}") != file.size for file in manifest.files):
        return None
    return StoredArtifact(backend, manifest)


def _pinned(file: Path, link: Path) -> Path:
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, link)
    except FileExistsError:
        return link
    except OSError:  # a file system without hard links
        return file
    return link
