"""Second files that JobParams name: fetched with the checks of the first, or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.functions import copy_second
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import object_storage

SECOND = b"another file altogether"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with copy_second(), object_storage() as storage:
        host = storage.endpoint.removeprefix("http://")
        folder = tmp_path_factory.mktemp("further")
        with gateway(
            folder, storage, allow_unsigned=True, allowed_hosts=host, max_media_bytes=1_000_000
        ) as found:
            yield found


@pytest.fixture(scope="module")
def bucket(live: Gateway, clip: Path) -> str:
    uri = live.storage.bucket()
    files, root = open_filesystem(uri, live.settings.storage_options(uri))
    files.put_file(str(clip), f"{root}/film.mp4")
    files.pipe_file(f"{root}/second one.txt", SECOND)
    files.pipe_file(f"{root}/large.txt", bytes(1_000_001))
    return uri.removeprefix("s3://")


def submit(live: Gateway, bucket: str, second: str, out: str = "a.txt") -> httpx.Response:
    return live.submit("CopySecond", bucket, "film.mp4", out, {"inputs": {"file": second}})


@pytest.mark.parametrize(
    "written",
    [
        "oss://{bucket}/second one.txt",
        "s3://{bucket}/second one.txt",
        "https://{bucket}.oss-cn-shanghai.aliyuncs.com/second%20one.txt",
        "{endpoint}/{bucket}/second%20one.txt",
        "media id",
    ],
)
def test_a_second_file_comes_from_all_places_that_a_film_may_come_from(
    live: Gateway, bucket: str, written: str
) -> None:
    second = written.format(bucket=bucket, endpoint=live.storage.endpoint)
    if written == "media id":
        second = live.service.site.media.register(f"oss://{bucket}/second one.txt", "x").id
    elif written.startswith("{endpoint}"):
        files, root = open_filesystem(f"s3://{bucket}", live.settings.storage_options("s3://"))
        second = files.sign(f"{root}/second one.txt")
    done = live.finished(submit(live, bucket, second).json()["JobId"])
    assert done["Status"] == "Success", done
    assert json.loads(done["Result"]) == {"Second": "0.txt", "Bytes": len(SECOND)}
    (address,) = done["OutputUrls"]
    assert httpx.get(address, trust_env=False).content == SECOND
    live.cleared()


def test_a_function_that_needs_no_output_writes_none_where_none_is_named(
    live: Gateway, bucket: str
) -> None:
    second = f"oss://{bucket}/second one.txt"
    done = live.finished(submit(live, bucket, second, out="").json()["JobId"])
    assert (done["Status"], done["OutputFiles"]) == ("Success", [])
    refused = submit(live, bucket, second, out="a.srt").json()
    assert "must end in .mp4 or .txt" in refused["Message"]


@pytest.mark.parametrize(
    ("second", "code", "says"),
    [
        ("", "MissingParameter", "'JobParams.inputs.file' is missing"),
        ("/etc/passwd", "ResourceNotFound", "'JobParams.inputs.file': there is no media"),
        ("file:///etc/passwd", "InvalidParameter", "'JobParams.inputs.file' is invalid"),
        ("oss://bkt/../a.txt", "InvalidParameter", "'JobParams.inputs.file' is invalid"),
        ("ftp://example.com/a.txt", "InvalidParameter", "'JobParams.inputs.file' is invalid"),
        ("http://169.254.169.254/latest", "InvalidParameter", "MEDIA_PIPELINE_ALLOWED_HOSTS"),
    ],
)
def test_a_second_file_is_refused_when_the_job_is_submitted(
    live: Gateway, bucket: str, second: str, code: str, says: str
) -> None:
    answer = submit(live, bucket, second)
    assert answer.json()["Code"] == code
    assert says in answer.json()["Message"]


@pytest.mark.parametrize(
    ("second", "code"), [("nothing.txt", "MediaNotFound"), ("large.txt", "MediaTooLarge")]
)
def test_a_second_file_that_is_not_there_or_too_large_fails_the_job(
    live: Gateway, bucket: str, second: str, code: str
) -> None:
    done = live.finished(submit(live, bucket, f"oss://{bucket}/{second}").json()["JobId"])
    assert (done["Status"], json.loads(done["Result"])["Code"]) == ("Failed", code)
    live.cleared()
