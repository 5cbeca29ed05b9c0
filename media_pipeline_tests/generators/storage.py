"""Object storage in memory, for tests of remote lakes and sources."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.settings import Settings

PEERS = Path(__file__).parents[2] / ".venv-peers"
"""Clients and servers of other makers, as ``.ci/peers`` installs them."""


@dataclass(frozen=True)
class ObjectStorage:
    endpoint: str
    key: str = "key-of-tests"
    secret: str = "secret-of-tests"

    def settings(self, cache: Path, **values: object) -> Settings:
        given: dict[str, Any] = {"s3_key": self.key, "s3_secret": self.secret, **values}
        return Settings(s3_endpoint=self.endpoint, cache_dir=cache, **given)

    def bucket(self) -> str:
        """The URI of a new bucket."""
        import boto3
        from botocore.config import Config

        name = f"b-{uuid.uuid4().hex}"
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )
        client.create_bucket(Bucket=name)
        return f"s3://{name}"


@contextmanager
def object_storage() -> Iterator[ObjectStorage]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else a failure drowns in requests
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield ObjectStorage(f"http://{host}:{port}")
    finally:
        server.stop()


@contextmanager
def strict_object_storage(folder: Path) -> Iterator[ObjectStorage]:
    """s3rver, which keeps its files in a folder and refuses keys that it does not know; skips where
    it is absent.
    """
    server = PEERS / "node_modules" / ".bin" / "s3rver"
    if not server.exists() or shutil.which("node") is None:
        pytest.skip("s3rver is not installed: .ci/peers does that, where there is npm")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    options = ["--address", "127.0.0.1", "--port", str(port), "--directory", str(folder)]
    with subprocess.Popen(
        [server, *options, "--no-vhost-buckets", "--silent"], stderr=subprocess.DEVNULL
    ) as process:
        try:
            end = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < end:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            assert process.poll() is None
            yield ObjectStorage(f"http://127.0.0.1:{port}", "S3RVER", "S3RVER")
        finally:
            process.terminate()
