"""A web server for tests: files to fetch, and webhooks that are noted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Posted:
    """A webhook that came."""

    path: str
    body: bytes
    headers: dict[str, str]
    at: float

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Web:
    """What is served, by path, and what was posted."""

    place: str
    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    """Redirects."""
    failing: dict[str, int] = field(default_factory=dict)
    """How many more posts to a path are refused."""
    posted: list[Posted] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://{self.place}{path}"

    def wait(self, path: str, count: int = 1, seconds: float = 60) -> list[Posted]:
        """The posts to a path, once there are so many."""
        end = time.monotonic() + seconds
        while len(found := [one for one in self.posted if one.path == path]) < count:
            assert time.monotonic() < end, f"{path} got {len(found)} posts"
            time.sleep(0.05)
        return found


@contextmanager
def web() -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.fetched.append(self.path)
            if self.path in found.moved:
                self.send_response(302)
                self.send_header("Location", found.moved[self.path])
                self.end_headers()
                return
            body = found.files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.posted.append(Posted(self.path, body, dict(self.headers), time.monotonic()))
            left = found.failing.get(self.path, 0)
            found.failing[self.path] = left - 1
            self.send_response(503 if left > 0 else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Web(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
