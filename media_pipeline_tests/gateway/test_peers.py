"""The gateway between clients and storage that others have made: each client with each storage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.errors import MediaPipelineError, StoreError
from media_pipeline.store.places import open_filesystem
from media_pipeline.transfer.fetch import fetch
from media_pipeline.transfer.upload import upload
from media_pipeline_tests.generators import ice_clients
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.ice import KEY, SECRET
from media_pipeline_tests.generators.storage import (
    PEERS,
    ObjectStorage,
    object_storage,
    strict_object_storage,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["moto", "s3rver"])
def storage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ObjectStorage]:
    strict = request.param == "s3rver"
    folder = tmp_path_factory.mktemp("objects")
    with strict_object_storage(folder) if strict else object_storage() as found:
        yield found


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, storage: ObjectStorage) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("peers"), storage) as found:
        yield found


@pytest.mark.parametrize(
    ("client", "python", "unknown"),
    [
        ("sdk", Path(sys.executable), []),
        ("core", Path(sys.executable), []),
        # What is younger than this SDK is asked for by name, with its signature.
        (
            "sdk",
            PEERS / "bin" / "python",
            ["SubmitHighlightExtractionJob", "CancelIProductionJob"],
        ),
    ],
    ids=["SDK 6", "sdk-core", "SDK 3.12"],
)
def test_every_operation(
    live: Gateway, clip: Path, client: str, python: Path, unknown: list[str]
) -> None:
    if not python.exists():
        pytest.skip("the older SDK is not installed: .ci/peers does that")
    uri = live.storage.bucket()
    files, root = open_filesystem(uri, live.settings.storage_options(uri))
    files.put_file(str(clip), f"{root}/in/film.mp4")
    place = f"127.0.0.1:{live.port}"
    done = subprocess.run(
        [python, "-P", "-W", "ignore", ice_clients.__file__, client, place, KEY, SECRET, root],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {
        "speech": "Failed",  # nobody speaks in the film
        "unknown": unknown,
        "width": "320",
        "clip": ["Success", "mine", ["out/short.mp4"]],
        "clip_type": "ftyp",
        "cancelled": "the job has ended before",
        "moment_type": "ftyp",
        "listed": True,
        "deleted": "InvalidParameter.JobNotFound",
        "refused": "MissingParameter",
        "wrong": "SignatureDoesNotMatch",
    }


def test_storage_that_refuses_the_credentials_fails_jobs_and_takes_nothing(
    tmp_path: Path, clip: Path
) -> None:
    with strict_object_storage(tmp_path / "objects") as storage:
        uri = storage.bucket()
        wrong = storage.settings(tmp_path / "cache", s3_key="somebody").storage_options(uri)
        with pytest.raises(StoreError, match="is refused: check MEDIA_PIPELINE_S3_KEY"):
            upload({f"{uri}/film.mp4": clip}, storage_options=wrong)
        right = storage.settings(tmp_path / "cache").storage_options(uri)
        files, root = open_filesystem(uri, right)
        assert files.find(root) == []
        upload({f"{uri}/film.mp4": clip}, storage_options=right)
        with pytest.raises(MediaPipelineError):
            fetch(f"{uri}/film.mp4", tmp_path / "copy.mp4", storage_options=wrong)
        assert not (tmp_path / "copy.mp4").exists()
        assert fetch(f"{uri}/film.mp4", tmp_path / "copy.mp4", storage_options=right).size
