"""What a gateway does about clients that are slow or strange, over real connections."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from media_pipeline.gateway import server
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import ObjectStorage
from media_pipeline_tests.generators.submissions import submission

NOWHERE = ObjectStorage("http://127.0.0.1:1")


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr(server, "HEADERS_S", 0.5)
    with gateway(tmp_path, NOWHERE) as found:
        found.dagster.held = True
        yield found


def seconds_until_closed(live: Gateway, *parts: bytes) -> float:
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as client:
        started = time.monotonic()
        for part in parts:
            client.sendall(part)
        while client.recv(65536):
            pass
        return time.monotonic() - started


@pytest.mark.parametrize(
    "parts",
    [
        (b"",),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHo"),
    ],
    ids=["silent", "half", "second"],
)
def test_connections_without_a_request_are_closed(live: Gateway, parts: tuple[bytes, ...]) -> None:
    assert seconds_until_closed(live, *parts) < 15


def test_headers_without_end_are_refused(live: Gateway) -> None:
    endless = b"GET / HTTP/1.1\r\nX-A: " + b"x" * (server.HEADER_BYTES + 70_000)
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as client:
        try:
            client.sendall(endless)
            assert client.recv(100).startswith(b"HTTP/1.1 400")
        except ConnectionError:
            pass  # closed while we were still sending
    assert httpx.get(f"{live.url}/healthz", trust_env=False).status_code == 200


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_in_a_real_browser(live: Gateway, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    outbox = live.service.outbox
    done, waiting = outbox.submit(submission()), outbox.submit(submission())
    outbox.start(done.id, "run-12345678")
    outbox.finish(done.id, "failed", error=("NotMedia", "<b id=forged>x</b>"))
    shown = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000", f"{live.url}/",
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert f'id="job-{done.id}"' in shown and f'id="job-{waiting.id}"' in shown
    assert '<b id="count-waiting">1</b>' in shown
    assert "&lt;b id=forged&gt;" in shown
    assert f"{live.settings.dagster_url}/runs/run-12345678" in shown
