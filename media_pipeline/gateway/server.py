"""The HTTP server, with limits on clients that open connections and say nothing."""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle
from collections.abc import Callable
from socket import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 30.0
"""Seconds in which the next request's headers must have come."""
HEADER_BYTES = 128 * 1024
"""Largest request line and headers: JobParams, UserData and OutputConfig travel in the address."""
_CONNECTIONS = 512


class PatientProtocol(H11Protocol):
    """Closes connections on which no request comes, or only a part of its headers.

    uvicorn itself watches only whole silence after a response.
    """

    _patience: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_request()

    def on_response_complete(self) -> None:
        """Begin to wait for the next one."""
        super().on_response_complete()
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to wait."""
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        if self._patience is not None:
            self._patience.cancel()  # else it would keep the last request in memory
        self._patience = self.loop.call_later(HEADERS_S, self._give_up, self.cycle)

    def _give_up(self, last: Any) -> None:
        answered = last is None or last.response_complete
        if self.cycle is last and answered and not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """Says that the end is near before it waits for open connections.

    Parameters
    ----------
    before_end : called then; whoever keeps callers waiting lets them go.
    """

    def __init__(self, config: uvicorn.Config, before_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_end = before_end

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End."""
        self._before_end()
        await super().shutdown(sockets)


def server_config(app: Any, host: str, port: int) -> uvicorn.Config:
    """How the gateway is served."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=PatientProtocol,
        h11_max_incomplete_event_size=HEADER_BYTES,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=int(HEADERS_S),
        timeout_graceful_shutdown=10,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        access_log=False,
    )
