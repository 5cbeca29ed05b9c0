from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.errors import MediaNotFound, MediaPipelineError, MediaTooLarge
from media_pipeline.transfer.notify import SIGNATURE, notify, signature
from media_pipeline.transfer.web import (
    FetchFailed,
    HostRefused,
    checked_address,
    download,
    is_public,
)

BODY = b"media" * 1000


class Handler(BaseHTTPRequestHandler):
    got: list[tuple[str, bytes, dict[str, str]]]

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(10_000):
                try:
                    self.wfile.write(b"x" * 10_000)
                except OSError:
                    return
        elif self.path in {"/file.mp4", "/packed"}:
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            if self.path == "/packed":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(BODY)
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY) * 2))
            self.end_headers()
            self.wfile.write(BODY)
        else:
            self.send_response(404 if self.path == "/gone" else 500)
            self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((self.path, body, dict(self.headers)))
        self.send_response(200 if self.path == "/hook" else 500)
        self.end_headers()


@pytest.fixture
def site() -> Iterator[str]:
    Handler.got = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_of_a_named_host_comes_whole(site: str, tmp_path: Path) -> None:
    got = download(f"http://{site}/file.mp4", tmp_path / "f", allowed_hosts=[site])
    assert (tmp_path / "f").read_bytes() == BODY
    assert got.size == len(BODY)
    download(f"http://{site}/to//file.mp4", tmp_path / "g", allowed_hosts=[site])
    assert (tmp_path / "g").read_bytes() == BODY


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/gone", MediaNotFound),
        ("/broken", FetchFailed),
        ("/endless", MediaTooLarge),
        ("/packed", FetchFailed),
        ("/cut", FetchFailed),
        ("/to/http://169.254.169.254/latest/meta-data", HostRefused),
        ("/to/http://localhost:1/", HostRefused),
        ("/to/file:///etc/passwd", FetchFailed),
    ],
)
def test_what_goes_wrong_leaves_nothing(
    site: str, tmp_path: Path, path: str, error: type[MediaPipelineError]
) -> None:
    with pytest.raises(error):
        download(f"http://{site}{path}", tmp_path / "f", allowed_hosts=[site], max_bytes=100_000)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_endless_file_is_given_up(site: str, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="did not come within"):
        download(f"http://{site}/endless", tmp_path / "f", allowed_hosts=[site], max_seconds=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_inner_machines_are_refused(site: str, tmp_path: Path, host: str) -> None:
    port = site.partition(":")[2]
    with pytest.raises(HostRefused, match="MEDIA_PIPELINE_ALLOWED_HOSTS"):
        download(f"http://{host}:{port}/file.mp4", tmp_path / "f", allowed_hosts=["127.0.0.1:1"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200",
        "0.0.0.0", "255.255.255.255", "224.0.0.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def resolver(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[int]:
    """Names resolve to these addresses, one answer after the other; counts how often was asked."""
    asked: list[int] = []

    def resolve(_host: str, port: int, **_: Any) -> list[Any]:
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(1)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_name_with_one_inner_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(HostRefused):
        checked_address("evil.example.com", 80, [])


def test_the_connection_goes_to_the_very_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A name that is public when it is checked and inner when it is used gets nowhere."""
    asked = resolver(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    tried: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        tried.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchFailed):
        download("http://rebind.example.com/a", tmp_path / "f")
    assert tried == [("8.8.8.8", 80)]
    assert len(asked) == 1


def test_a_webhook_is_signed(site: str) -> None:
    notify(f"http://{site}/hook", {"jobId": "é"}, secret="s", allowed_hosts=[site])
    ((_, body, headers),) = Handler.got
    assert json.loads(body) == {"jobId": "é"}
    assert headers[SIGNATURE] == signature(body, "s")
    assert signature(body, "s") != signature(body, "t")


def test_a_webhook_that_is_not_taken_is_an_error(site: str) -> None:
    with pytest.raises(FetchFailed, match="answers 500"):
        notify(f"http://{site}/other", {}, secret=None, allowed_hosts=[site])
    with pytest.raises(HostRefused):
        notify(f"http://{site}/hook", {}, secret=None)
    with pytest.raises(FetchFailed):
        notify("http://127.0.0.1:1/", {}, secret=None, allowed_hosts=["127.0.0.1"])
