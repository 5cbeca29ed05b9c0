"""Paths and URIs: telling them apart and opening the file systems they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from media_pipeline.errors import InvalidParameter, StoreError
from media_pipeline.settings import OBJECT_STORAGE, SCHEMES, Settings, uri_scheme


def local_path(place: str | Path) -> Path | None:
    """The absolute path that a path or ``file://`` URI names, or None for a remote URI.

    Raises
    ------
    InvalidParameter
        when the URI has a scheme that is not supported.
    """
    if isinstance(place, Path):
        return place.expanduser().absolute()
    scheme = uri_scheme(place)
    if scheme is None:
        return Path(place).expanduser().absolute()
    if scheme not in SCHEMES:
        raise InvalidParameter(
            f"{_without_secrets(place)} has the scheme {scheme}, which is not supported",
            f"give a path or a URI of {', '.join(SCHEMES)}",
        )
    if scheme != "file":
        return None
    return Path(unquote(urlsplit(place).path)).absolute()


def open_filesystem(uri: str, options: Mapping[str, Any] | None = None) -> tuple[Any, str]:
    """The fsspec file system of a remote URI, and the URI's path in it.

    ``options`` are the storage options; by default they come from the settings. ``oss://`` is read
    through the same S3-compatible endpoint as ``s3://``.
    """
    import fsspec

    scheme = uri_scheme(uri)
    if options is None:
        options = Settings().storage_options(uri)
    protocol = "s3" if scheme in OBJECT_STORAGE else scheme
    with remote_errors(uri):
        filesystem = fsspec.filesystem(protocol, **options)
    path = uri.split("://", 1)[1]
    return filesystem, ("/" + path if protocol == "memory" else path).rstrip("/")


@contextmanager
def remote_errors(uri: str) -> Iterator[None]:
    """Turn what a file system raises into a StoreError that names the place."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(
            f"{_without_secrets(uri)} does not exist", "check the bucket and the path"
        ) from error
    except PermissionError as error:
        raise StoreError(
            f"access to {_without_secrets(uri)} is refused",
            "check MEDIA_PIPELINE_S3_KEY, _S3_SECRET and _S3_REGION, and the rights in the bucket",
        ) from error
    except OSError as error:
        raise StoreError(
            f"{_without_secrets(uri)} cannot be used ({error})", "try again"
        ) from error
    except Exception as error:
        # Connection errors of botocore and aiohttp are neither OSError nor of one family.
        if type(error).__module__.split(".")[0] not in {"botocore", "aiobotocore", "aiohttp"}:
            raise
        raise StoreError(
            f"{_without_secrets(uri)} cannot be reached ({error})",
            "check MEDIA_PIPELINE_S3_ENDPOINT and the credentials",
        ) from error


def _without_secrets(uri: str) -> str:
    """The URI without user information and query, which may hold credentials."""
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
