"""Copies of originals in the lake, for machines that cannot reach where an original came from.

A copy is an artifact like any other, so that it is there whole or not at all, goes with its media
item, and is removed when it has become old. Its address becomes one of the item's places.
"""

from __future__ import annotations

import os
import shutil

from media_pipeline.runner.fingerprint import fingerprint
from media_pipeline.settings import uri_scheme
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.store import Manifest, MediaItem, Store, StoredArtifact
from media_pipeline.transfer.originals import Originals

ASSET = "original"
_VERSION = "1"
_STEM = "original"


def keep_original(
    store: Store, originals: Originals, item: MediaItem, *, progress: Progress = quiet
) -> StoredArtifact | None:
    """Put a copy of an item's original into the lake, unless there is one.

    Returns
    -------
    StoredArtifact
        None where the lake is a folder: its machine has the original already.

    Raises
    ------
    SourceGone, StoreError
    """
    if uri_scheme(store.uri) in (None, "file"):
        return None
    name = fingerprint(ASSET, _VERSION, {}, None, {}, item.sha256)
    artifact = store.get(ASSET, item.key, name)
    if artifact is None:
        path = originals.path(item, progress)
        with store.scratch() as scratch:
            copy = scratch / f"{_STEM}{path.suffix}"
            try:
                os.link(path, copy)
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(path, copy)
            manifest = Manifest(
                asset=ASSET,
                media_key=item.key,
                fingerprint=name,
                version=_VERSION,
                sha256=item.sha256,
            )
            artifact = store.publish(scratch, manifest)
    (file,) = artifact.manifest.files
    store.media.add(item.sha256, item.size, item.name, artifact.file_uri(file.name))
    return artifact
