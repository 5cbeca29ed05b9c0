"""The lake: artifacts by asset, media item and fingerprint, and which of them is the canonical one.

``<lake>/<asset>/<media_key>/<fingerprint>/`` holds an artifact's files and its ``manifest.json``.
``current.json`` beside the fingerprints names the canonical one; ``human.json`` names a person's
correction, which takes precedence however late a machine's run writes ``current.json``.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from media_pipeline.errors import InvalidArtifact, StoreError
from media_pipeline.media.files import sha256_file
from media_pipeline.settings import Settings
from media_pipeline.store.artifact import StoredArtifact, artifact_path, load_artifact
from media_pipeline.store.backend import Backend
from media_pipeline.store.cache import FileCache
from media_pipeline.store.local import LocalBackend, last_write
from media_pipeline.store.manifest import MANIFEST, FileEntry, Manifest, now, plain_name
from media_pipeline.store.media import MediaIndex
from media_pipeline.store.places import local_path
from media_pipeline.store.remote import RemoteBackend

_CURRENT = "current.json"
_HUMAN = "human.json"
_DEPTH = 2  # slashes in an artifact's place: asset, media key, fingerprint
_SCRATCH_AGE_S = 24 * 3600.0


class Store:
    """A lake in a local folder or at an fsspec URI.

    Parameters
    ----------
    root : path or URI.
    cache : where files of a remote lake are copied to; by default as the settings say.
    storage_options : for fsspec; by default as the settings say.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        cache: FileCache | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        folder = local_path(root)
        if cache is None:
            settings = Settings()
            cache = FileCache(settings.cache_dir / "files", int(settings.max_cache_bytes))
        self.cache = cache
        self.backend: Backend = (
            LocalBackend(folder)
            if folder is not None
            else RemoteBackend(str(root), cache, storage_options)
        )
        self.media = MediaIndex(self.backend)
        self._swept = False

    @classmethod
    def from_settings(cls, settings: Settings) -> Store:
        """The lake that the settings name."""
        cache = FileCache(settings.cache_dir / "files", int(settings.max_cache_bytes))
        options = settings.storage_options(settings.lake)
        return cls(settings.lake, cache=cache, storage_options=options)

    @property
    def uri(self) -> str:
        """The lake's root as people write it."""
        return self.backend.uri

    # --- reading ---

    def get(self, asset: str, key: str, fingerprint: str) -> StoredArtifact | None:
        """The artifact with that fingerprint, or None when there is none that is whole."""
        for part in (asset, key, fingerprint):
            _plain(part)
        return load_artifact(self.backend, asset, key, fingerprint)

    def current(self, asset: str, key: str) -> StoredArtifact | None:
        """The canonical artifact of an asset, or None."""
        for pointer in (_HUMAN, _CURRENT):
            fingerprint = self._pointer(asset, key, pointer)
            artifact = self.get(asset, key, fingerprint) if fingerprint else None
            if artifact is not None:
                return artifact
        return None

    def artifacts(
        self, asset: str | None = None, key: str | None = None
    ) -> Iterator[StoredArtifact]:
        """All whole artifacts, of one asset or media item if named."""
        for one in [asset] if asset else self.assets():
            sizes = self.backend.find(f"{_plain(one)}/{_plain(key)}" if key else _plain(one))
            for path in sorted(sizes):
                place, _, name = path.rpartition("/")
                if name != MANIFEST or place.count("/") != _DEPTH:
                    continue
                _, item, fingerprint = place.split("/")
                artifact = load_artifact(self.backend, one, item, fingerprint, sizes)
                if artifact is not None:
                    yield artifact

    def assets(self) -> list[str]:
        """Names of the assets that have artifacts."""
        return [n for n in self.backend.names("") if not n.startswith(("_", "."))]

    # --- writing ---

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new folder for unfinished work, removed at the end; :meth:`publish` takes folders
        inside it.
        """
        if not self._swept:
            self._swept = True
            self.sweep()
        folder = self.backend.scratch / f"work-{uuid.uuid4().hex}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise StoreError(
                f"{folder} cannot be made ({error.strerror})",
                "check the path, its rights and the free space, or set MEDIA_PIPELINE_LAKE",
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, manifest: Manifest, *, replace: bool = False) -> StoredArtifact:
        """Publish the files of a scratch folder: the artifact exists whole or not at all.

        Sizes, hashes and row counts are added to the manifest. If the fingerprint is there already,
        that artifact wins and is returned, unless ``replace``.
        """
        for part in (manifest.asset, manifest.media_key, manifest.fingerprint):
            _plain(part)
        entries = [_entry(file) for file in sorted(folder.iterdir()) if file.name != MANIFEST]
        rows = {
            Path(e.name).stem: pq.read_metadata(folder / e.name).num_rows
            for e in entries
            if e.name.endswith(".parquet")
        }
        whole = manifest.model_copy(update={"files": tuple(entries), "rows": rows})
        identity = (manifest.asset, manifest.media_key, manifest.fingerprint)
        self.backend.publish(
            folder,
            artifact_path(*identity),
            whole,
            lambda: self.get(*identity) is not None,
            replace,
        )
        artifact = self.get(*identity)
        if artifact is None:
            raise StoreError(
                f"{manifest.asset} of {manifest.media_key} was removed while it was published",
                "run it again",
            )
        return artifact

    def set_current(self, artifact: StoredArtifact, *, discard_human: bool = False) -> bool:
        """Make an artifact the canonical one.

        Returns
        -------
        bool
            False when a human artifact keeps the place. ``discard_human`` gives the place up.
        """
        asset, key = artifact.asset, artifact.media_key
        pointer = {"fingerprint": artifact.fingerprint, "origin": artifact.manifest.origin}
        data = json.dumps({**pointer, "moved": now()}).encode()
        if artifact.human:
            self.backend.write(f"{asset}/{key}/{_HUMAN}", data)
        elif not discard_human and self._human(asset, key):
            return False
        self.backend.write(f"{asset}/{key}/{_CURRENT}", data)
        if discard_human and not artifact.human:
            self.backend.remove(f"{asset}/{key}/{_HUMAN}")
        return True

    def remove(self, key: str) -> int:
        """Remove a media item and everything made from it; the bytes that were freed.

        The original file is left where it is.

        Raises
        ------
        UnknownMedia
        """
        item = self.media.get(key)
        freed = sum(self.backend.remove(f"{asset}/{item.key}") for asset in self.assets())
        self.media.remove(key)  # last, so that a removal that was cut short can be asked for again
        return freed

    def sweep(self, age_s: float = _SCRATCH_AGE_S) -> int:
        """Remove scratch folders that nothing was written to for so many seconds; how many."""
        try:
            folders = list(self.backend.scratch.iterdir())
        except OSError:
            return 0
        limit = time.time() - age_s
        old = [f for f in folders if (last_write(f) or limit) < limit]
        for folder in old:
            shutil.rmtree(folder, ignore_errors=True)
        return len(old)

    def pointers(self, asset: str, key: str) -> set[str]:
        """Fingerprints that ``current.json`` and ``human.json`` name."""
        found = {self._pointer(asset, key, pointer) for pointer in (_HUMAN, _CURRENT)}
        return {fingerprint for fingerprint in found if fingerprint}

    def _human(self, asset: str, key: str) -> bool:
        current = self.current(asset, key)
        return current is not None and current.human

    def _pointer(self, asset: str, key: str, pointer: str) -> str | None:
        data = self.backend.read(f"{_plain(asset)}/{_plain(key)}/{pointer}")
        try:
            value = json.loads(data or b"{}")["fingerprint"]
            return plain_name(value)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # as if it had never been written: the next run moves it


def _plain(name: str) -> str:
    try:
        return plain_name(name)
    except ValueError as error:
        raise StoreError(
            str(error), "assets, media keys and fingerprints are plain names"
        ) from None


def _entry(file: Path) -> FileEntry:
    if file.is_symlink() or not file.is_file():
        raise InvalidArtifact(f"{file.name} is not a regular file", "publish files only")
    try:
        plain_name(file.name)
    except ValueError as error:
        raise InvalidArtifact(str(error), "name it plainly") from None
    return FileEntry(name=file.name, size=file.stat().st_size, sha256=sha256_file(file))
