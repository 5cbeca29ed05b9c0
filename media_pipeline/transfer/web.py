"""The web, for addresses that strangers give: which machine is meant is checked when connecting.

A name is resolved once, every address it has is held against what may be reached, and the
connection goes to one of those very addresses. So neither a name that resolves to an inner machine,
nor one that resolves differently the second time, nor a redirect gets through: each connection,
also that of a redirect, is made here.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpcore
import httpx

from media_pipeline.errors import InputError, MediaNotFound, MediaPipelineError
from media_pipeline.media.files import atomic_path
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.transfer.addresses import is_allowed, is_public
from media_pipeline.transfer.fetch import Fetched, check_size

_REDIRECTS = 3
_CONNECT_S, _READ_S = 10.0, 30.0
_BLOCK = 1024 * 1024


class HostRefused(InputError):
    """An address leads to a machine that must not be reached from outside."""


class FetchFailed(MediaPipelineError):
    """A web address did not give what was asked for."""


class _Backend(httpcore.SyncBackend):
    """Connects to public addresses, and to hosts that are named."""

    def __init__(self, allowed_hosts: Sequence[str]) -> None:
        super().__init__()
        self._allowed = allowed_hosts

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = checked_address(host, port, self._allowed)
        return super().connect_tcp(address, port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise HostRefused(f"{path} is no machine")


def checked_address(host: str, port: int, allowed_hosts: Sequence[str]) -> str:
    """An address of a host, when all that it has may be reached.

    Raises
    ------
    HostRefused
        when one of them is not public and the host is not named in ``allowed_hosts``.
    FetchFailed
        when the name has no address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchFailed(f"{host} cannot be found ({error.strerror})", "check the name") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not is_allowed(host, port, allowed_hosts):
        for address in addresses:
            if not is_public(address):
                raise HostRefused(
                    f"{host} is {address}, which is not a public address",
                    "name it in MEDIA_PIPELINE_ALLOWED_HOSTS if it may be reached",
                )
    return addresses[0]


class _Transport(httpx.BaseTransport):
    """httpx over a pool of our own backend."""

    def __init__(self, allowed_hosts: Sequence[str]) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=_Backend(allowed_hosts),
            max_connections=4,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in {"http", "https"}:  # a redirect may lead anywhere
            raise FetchFailed(f"{request.url} is no http:// or https:// address")
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Stream(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Any:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def client(allowed_hosts: Sequence[str]) -> httpx.Client:
    """A client that reaches public addresses and named hosts, and nothing else."""
    return httpx.Client(
        transport=_Transport(allowed_hosts),
        timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S),
        max_redirects=_REDIRECTS,
        trust_env=False,
    )


def download(
    url: str,
    target: Path,
    *,
    allowed_hosts: Sequence[str] = (),
    max_bytes: int | None = None,
    max_seconds: float = 3600.0,
    progress: Progress = quiet,
) -> Fetched:
    """Stream a web address to a file, which appears whole or not at all.

    Raises
    ------
    MediaNotFound, MediaTooLarge, HostRefused
    FetchFailed
        when the server fails, or does not come to an end.
    """
    digest, done, end = hashlib.sha256(), 0, time.monotonic() + max_seconds
    try:
        with (
            client(allowed_hosts) as web,
            # Packed bytes would grow past the limit while they are unpacked.
            web.stream(
                "GET", url, headers={"accept-encoding": "identity"}, follow_redirects=True
            ) as response,
        ):
            size = _announced(url, response)
            check_size(url, size, max_bytes)
            with atomic_path(target) as temporary, temporary.open("wb") as sink:
                for block in response.iter_raw(_BLOCK):
                    done += len(block)
                    check_size(url, done, max_bytes)
                    if time.monotonic() > end:
                        raise FetchFailed(f"{url} did not come within {max_seconds:.0f} s")
                    digest.update(block)
                    sink.write(block)
                    progress(min(1.0, done / size) if size else 0.0)
    except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError,
            httpcore.TimeoutException) as error:  # fmt: skip
        raise FetchFailed(f"{url} cannot be read ({error})", "check the address") from None
    return Fetched(target, done, digest.hexdigest())


def _announced(url: str, response: httpx.Response) -> int | None:
    if response.status_code in {404, 410}:
        raise MediaNotFound(url)
    if response.status_code != httpx.codes.OK:
        raise FetchFailed(f"{url} answers {response.status_code}", "check the address")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchFailed(f"{url} is sent packed", "let the server send the file as it is")
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None
