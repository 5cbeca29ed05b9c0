"""Adding media to the lake: checked before anything is registered, known by its content."""

from __future__ import annotations

from pathlib import Path

from media_pipeline.errors import MediaTooLarge, known_as
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.store import MediaItem, Store
from media_pipeline.store.room import room
from media_pipeline.transfer.originals import Original, Originals

_FETCHED = 0.5  # share of the progress that fetching takes; hashing takes the rest


def add(
    store: Store,
    originals: Originals,
    place: str | Path,
    max_seconds: float | None = None,
    *,
    progress: Progress = quiet,
) -> tuple[MediaItem, MediaInfo]:
    """Check and hash a file, and register its name and place. Nothing is copied into the lake.

    Parameters
    ----------
    place : a path, ``file://`` or an object storage URI.
    max_seconds : limit of the media's duration.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia, ZeroDuration, MediaTooLarge
    InvalidParameter
        when the URI's scheme is not supported.
    """
    with room(store.cache.folder):
        original = originals.locate(place, lambda share: progress(share * _FETCHED))
    info = _probed(original)
    if max_seconds is not None and info.duration > max_seconds:
        raise MediaTooLarge(
            f"{original.name} lasts {info.duration:,.0f} s, the limit is {max_seconds:,.0f} s",
            "raise MEDIA_PIPELINE_MAX_MEDIA_SECONDS or give a shorter file",
        )
    original = originals.hashed(original, lambda share: progress(_FETCHED + share * (1 - _FETCHED)))
    item = store.media.add(original.sha256, original.size, original.name, original.uri)
    progress(1.0)
    return item, info


def _probed(original: Original) -> MediaInfo:
    if original.uri.startswith("file:"):
        return probe(original.path)
    with known_as(original.uri, original.path):
        return probe(original.path)
