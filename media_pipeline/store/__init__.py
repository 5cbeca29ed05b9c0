"""The lake: media items, artifacts by fingerprint, atomic publishing, validation and retention.

What an artifact means is up to the stages; how it is made is up to the runner.
"""

from media_pipeline.store.artifact import StoredArtifact
from media_pipeline.store.lake import Store
from media_pipeline.store.manifest import FileEntry, Manifest, ReasonEntry
from media_pipeline.store.media import MediaIndex, MediaItem

__all__ = [
    "FileEntry",
    "Manifest",
    "MediaIndex",
    "MediaItem",
    "ReasonEntry",
    "Store",
    "StoredArtifact",
]
