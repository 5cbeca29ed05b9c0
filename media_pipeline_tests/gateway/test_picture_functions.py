"""Faces and screens asked for over the wire: what is delivered, and what is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media_pipeline.media.decode import decode
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.screens import Scene, make_screened, write_screened
from media_pipeline_tests.generators.storage import object_storage
from media_pipeline_tests.generators.video import write_video

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with object_storage() as storage:
        host = storage.endpoint.removeprefix("http://")
        folder = tmp_path_factory.mktemp("pictures")
        with gateway(folder, storage, allow_unsigned=True, allowed_hosts=host) as found:
            yield found


@pytest.fixture(scope="module")
def bucket(live: Gateway, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("made")
    write_screened(folder / "film.mp4", make_screened(Scene(count=6)))
    Image.new("RGB", (64, 64), (220, 30, 40)).save(folder / "red.png")
    (folder / "text.png").write_text("no picture")
    write_video(folder / "grey.mp4", [np.full((90, 160, 3), 120, np.uint8)] * 4)
    return live.filled(folder.iterdir())


def _delivered(live: Gateway, bucket: str, name: str, folder: Path) -> Path:
    uri = f"s3://{bucket}"
    files, root = open_filesystem(uri, live.settings.storage_options(uri))
    target = folder / name
    files.get_file(f"{root}/out/{name}", str(target))
    return target


@pytest.mark.parametrize(
    ("function", "out", "params"),
    [
        ("FaceBeauty", "faces.mp4", {"beauty_params": "whiten=60,smooth=50"}),
        ("VideoDelogo", "plain.mp4", {"Boxes": "[[0.1, 0.1, 0.2, 0.15]]"}),
        ("VideoGreenScreenMatting", "matte.webm", {}),
        ("VideoGreenScreenMatting", "red.mp4", {"bgimage": "oss://BUCKET/red.png"}),
    ],
)
def test_the_result_is_delivered(
    live: Gateway, bucket: str, tmp_path: Path, function: str, out: str, params: dict[str, str]
) -> None:
    asked = {name: value.replace("BUCKET", bucket) for name, value in params.items()}
    answer = live.submit(function, bucket, "film.mp4", out, asked)
    assert answer.status_code == 200, answer.text
    job = live.finished(answer.json()["JobId"])
    assert (job["Status"], json.loads(job["Result"])) == ("Success", {})
    pictures = [frame.bgr() for frame in decode(_delivered(live, bucket, out, tmp_path))]
    assert len(pictures) == 6
    if out == "red.mp4":
        b, g, r = pictures[0][20, 20].astype(int)
        assert r > 180
        assert max(b, g) < 80


@pytest.mark.parametrize(
    ("film", "params", "code", "says"),
    [
        ("film.mp4", {"bgimage": "text.png"}, "InvalidParameter", "bgimage text.png is no picture"),
        ("film.mp4", {"bgimage": "gone.png"}, "MediaNotFound", "gone.png"),
        ("grey.mp4", {"bgimage": "red.png"}, "NothingToDo", "shows no green or blue screen"),
        ("grey.mp4", {}, "NothingToDo", "shows no green or blue screen"),
    ],
)
def test_what_cannot_be_put_before_a_picture_fails_the_job_by_its_name(
    live: Gateway, bucket: str, film: str, params: dict[str, str], code: str, says: str
) -> None:
    asked = {name: f"oss://{bucket}/{value}" for name, value in params.items()}
    out = "no.mp4" if params else "no.webm"
    answer = live.submit("VideoGreenScreenMatting", bucket, film, out, asked)
    job = live.finished(answer.json()["JobId"])
    assert (job["Status"], json.loads(job["Result"])["Code"]) == ("Failed", code)
    assert says in job["Result"]


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"beauty_params": "eye_size=20"}, "beauty_params.eye_size"),
        ({"beauty_params": "smooth=101"}, "beauty_params.smooth"),
        ({"beauty_params": "glow=1"}, "beauty_params.glow"),
    ],
)
def test_effects_are_refused_by_name(
    live: Gateway, bucket: str, params: dict[str, str], name: str
) -> None:
    answer = live.submit("FaceBeauty", bucket, "film.mp4", "no.mp4", params)
    assert (answer.status_code, answer.json()["Code"]) == (400, "InvalidParameter")
    assert f"'JobParams.{name}' is invalid" in answer.json()["Message"]
