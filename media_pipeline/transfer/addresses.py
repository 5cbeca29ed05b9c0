"""Addresses that come over the network: understood, or refused before anything is opened.

Object storage is written in four ways, which all mean one bucket and one key. Other web addresses
are taken from named hosts only. Paths of this machine are never taken.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from media_pipeline.errors import InvalidParameter, shown
from media_pipeline.settings import OBJECT_STORAGE, uri_scheme

FORMS = "oss://bucket/object, http(s)://bucket.oss-REGION.aliyuncs.com/object, s3://bucket/key"
_BUCKET = re.compile(r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
_BUCKET_HOST = re.compile(
    r"^([a-z0-9][a-z0-9-]{1,61}[a-z0-9])\.oss-[a-z0-9-]+\.aliyuncs\.com$", re.IGNORECASE
)
_MAX_KEY_BYTES, _MAX_NAME_BYTES, _MAX_CHARACTERS = 1000, 200, 8192


def object_uri(text: str, name: str) -> str:
    """``oss://bucket/key`` of any way to write an object of storage.

    Parameters
    ----------
    name : of the parameter, for the message.

    Raises
    ------
    InvalidParameter
        when it is no such address, or its key is one that no file should have.
    """
    found = _object(text)
    if found is None:
        raise _refused(text, name, f"give {FORMS}")
    bucket, key = found
    if not _BUCKET.match(bucket):
        raise _refused(text, name, f"{shown(bucket)} is no name of a bucket")
    _check_key(text, key, name)
    return f"oss://{bucket}/{key}"


def media_uri(text: str, name: str, allowed_hosts: Sequence[str] = ()) -> str:
    """The same, or a web address of a host that is allowed.

    Raises
    ------
    InvalidParameter
    """
    if uri_scheme(text) in {"http", "https"} and _object(text) is None:
        return web_address(text, name, allowed_hosts)
    return object_uri(text, name)


def open_address(
    text: str, name: str, allowed_hosts: Sequence[str], *, storage: bool = True
) -> str:
    """A web address of any host, or an object of storage by its own scheme.

    Machines that are not public are refused here already where the address names them by number;
    all others when connecting (:mod:`.web`).

    Parameters
    ----------
    name : of the parameter, for the message.
    allowed_hosts : which may be named by number all the same.
    storage : whether ``s3://`` and ``oss://`` are taken too.

    Raises
    ------
    InvalidParameter
    """
    scheme = uri_scheme(text)
    if storage and scheme in OBJECT_STORAGE:
        return object_uri(text, name)
    if scheme not in {"http", "https"}:
        more = " or s3://bucket/key" if storage else ""
        raise _refused(text, name, f"give an http:// or https:// address{more}")
    parts = urlsplit(web_address(text, name, None))
    host = parts.hostname or ""
    if not is_allowed(host, parts.port or _port(text), allowed_hosts) and not _may_be_public(host):
        raise _refused(text, name, f"{host} is not a public address")
    return text


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also behind IPv6 forms of IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:  # a name: who it is, is seen when connecting
        return host.lower() != "localhost"


def web_address(text: str, name: str, allowed_hosts: Sequence[str] | None) -> str:
    """A web address that may be asked for; ``allowed_hosts=None`` lets every host pass.

    Whether the host's address may be connected to is seen when connecting (:mod:`.web`).

    Raises
    ------
    InvalidParameter
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(text, name, str(error)) from None
    plain = text.isprintable() and " " not in text and len(text) <= _MAX_CHARACTERS
    if parts.scheme not in {"http", "https"} or not host or not plain or "\\" in text:
        raise _refused(text, name, "give an http:// or https:// address")
    if parts.username or parts.password:
        raise _refused(text, name, "it must not hold a user or password")
    if allowed_hosts is not None and not is_allowed(host, port or _port(text), allowed_hosts):
        raise _refused(text, name, f"the host {host} is not in MEDIA_PIPELINE_ALLOWED_HOSTS")
    return text


def is_allowed(host: str, port: int, allowed_hosts: Sequence[str]) -> bool:
    """Whether a host is named, with or without its port."""
    written = f"[{host}]" if ":" in host else host
    return bool({written.lower(), f"{written.lower()}:{port}"} & set(allowed_hosts))


def file_name(uri: str) -> str:
    """The last part of an object's key or of a web address, for people and for file names."""
    if uri_scheme(uri) in OBJECT_STORAGE:
        return uri.rsplit("/", 1)[-1]
    return unquote(urlsplit(uri).path.rsplit("/", 1)[-1]) or "media"


def file_stem(uri: str) -> str:
    """The same without its suffix, fit to be part of another key; else ``media``."""
    stem = PurePosixPath(file_name(uri)).stem
    return stem if stem.isprintable() and stem.strip(". ") and "\\" not in stem else "media"


def _port(text: str) -> int:
    return 443 if text.lower().startswith("https") else 80


def _object(text: str) -> tuple[str, str] | None:
    """Bucket and key, when it is an address of object storage at all."""
    scheme = uri_scheme(text)
    rest = text.partition("://")[2]
    if scheme in OBJECT_STORAGE:
        authority, slash, key = rest.partition("/")
        host = _BUCKET_HOST.match(authority)
        return (host.group(1).lower() if host else authority, key) if slash else None
    if scheme in {"http", "https"}:
        authority, _, path = rest.partition("/")
        host = _BUCKET_HOST.match(authority)
        if host is None:
            return None
        return host.group(1).lower(), unquote(path.partition("?")[0].partition("#")[0])
    return None


def _check_key(text: str, key: str, name: str) -> None:
    parts = key.split("/")
    if not key or any(part in {"", ".", ".."} for part in parts):
        raise _refused(text, name, "the key has an empty part, or one of dots only")
    if not key.isprintable() or "\\" in key or "\ufffd" in key:
        raise _refused(text, name, "the key holds a character that no file name should have")
    if len(key.encode()) > _MAX_KEY_BYTES or len(parts[-1].encode()) > _MAX_NAME_BYTES:
        raise _refused(text, name, f"the key is over {_MAX_KEY_BYTES} bytes, or its name over "
                       f"{_MAX_NAME_BYTES}")  # fmt: skip


def _refused(text: str, name: str, why: str) -> InvalidParameter:
    return InvalidParameter(f"'{name}' is invalid, input: {shown(text)}: {why}")
