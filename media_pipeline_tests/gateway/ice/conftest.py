"""A gateway that listens, a bucket with a film, and requests by the official SDK."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ice20201109 import models as m

from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, storage: ObjectStorage) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("live"), storage, webhook_secret="hook") as found:
        yield found


@pytest.fixture(scope="module")
def bucket(live: Gateway, clip: Path) -> str:
    uri = live.storage.bucket()
    files, root = open_filesystem(uri, live.settings.storage_options(uri))
    files.put_file(str(clip), f"{root}/in/film.mp4")
    return uri.removeprefix("s3://")


@pytest.fixture
def held(live: Gateway) -> Iterator[None]:
    """Runs are launched and wait, as in a queue."""
    live.dagster.held = True
    yield
    live.dagster.held = False


def until(look: Callable[[], Any], done: Callable[[Any], bool], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look().body
        if done(found):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def submit_request(bucket: str, **values: Any) -> m.SubmitIProductionJobRequest:
    fields: dict[str, Any] = {
        "function_name": "VideoClip",
        "input": m.SubmitIProductionJobRequestInput(
            type="OSS", media=f"oss://{bucket}/in/film.mp4"
        ),
        "output": m.SubmitIProductionJobRequestOutput(
            type="OSS", media=f"http://{bucket}.oss-cn-shanghai.aliyuncs.com/out/short.mp4"
        ),
        "job_params": "{duration:1,}",
        "template_id": "",
        **values,
    }
    return m.SubmitIProductionJobRequest(**fields)


def refused(call: Callable[[], Any]) -> tuple[int, str, str]:
    """Status, code and message that the SDK raises."""
    with pytest.raises(Exception) as caught:
        call()
    error: Any = caught.value
    return error.data["statusCode"], error.code, error.message


def highlight_request(bucket: str, **values: Any) -> m.SubmitHighlightExtractionJobRequest:
    config = {
        "MediaArray": [{"MediaURL": f"oss://{bucket}/in/film.mp4"}],
        "Strategy": {
            "Count": 1,
            "ClipDuration": 3,
            "AllowNonSpeech": True,
            "EnableActionRecog": True,
            "CustomActions": ["Fight", "打架"],
        },
    }
    out = {
        "NeedExport": True, "Bucket": bucket, "ObjectKey": "hl/clip_{index}.mp4", "Height": 90,
        "ExportAsNewMedia": True,
    }  # fmt: skip
    fields = {"input_config": json.dumps(config), "output_config": json.dumps(out), **values}
    return m.SubmitHighlightExtractionJobRequest(**fields)
