"""Object storage in memory, for tests of remote lakes and sources."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from media_pipeline.settings import Settings


@dataclass(frozen=True)
class ObjectStorage:
    endpoint: str

    def settings(self, cache: Path, **values: object) -> Settings:
        return Settings(
            s3_endpoint=self.endpoint,
            s3_key="key-of-tests",
            s3_secret="secret-of-tests",
            cache_dir=cache,
            **values,
        )

    def bucket(self) -> str:
        """The URI of a new bucket."""
        import boto3
        from botocore.config import Config

        name = f"b-{uuid.uuid4().hex}"
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="key-of-tests",
            aws_secret_access_key="secret-of-tests",
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
