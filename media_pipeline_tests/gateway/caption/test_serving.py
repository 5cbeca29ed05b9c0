"""A client of the public service against `serve`: the gateway, Dagster and its runs, all real."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from media_pipeline.media.probe import probe
from media_pipeline.transfer.notify import SIGNATURE, signature
from media_pipeline_tests.dagster.test_serve import wait_for
from media_pipeline_tests.gateway.caption.conftest import KEY, poster
from media_pipeline_tests.gateway.test_serving import Tree
from media_pipeline_tests.generators.storage import object_storage
from media_pipeline_tests.generators.webs import Web


@pytest.mark.slow
def test_a_client_of_the_public_service_works_unchanged(
    tmp_path: Path, served: Web, clip: Path
) -> None:
    settings = {
        "MEDIA_PIPELINE_API_KEYS": KEY,
        "MEDIA_PIPELINE_ALLOWED_HOSTS": served.place,
        "MEDIA_PIPELINE_WEBHOOK_SECRET": "hook",
    }
    with object_storage() as storage:
        tree = Tree(tmp_path, storage, clip, **settings)
        try:
            _as_its_documentation_shows(tree, served, clip)
        finally:
            tree.stop()


def _as_its_documentation_shows(tree: Tree, served: Web, clip: Path) -> None:
    url = f"http://127.0.0.1:{tree.port}"
    post = poster(url)
    asked = {
        "video_url": served.url("/clip.mp4"),
        "captions": served.url("/text.srt"),
        "settings": {"style": "classic", "font_family": "Arial", "font_size": 24, "bold": True},
        "replace": [{"find": "um", "replace": ""}],
        "id": "custom-request-id",
    }
    done = post(asked)
    assert done.status_code == 200, done.text + tree.log.read_text()
    body = done.json()
    assert (body["message"], body["id"]) == ("success", "custom-request-id")
    film = tree.folder / "film.mp4"
    film.write_bytes(httpx.get(body["response"], trust_env=False).content)
    assert probe(film).duration == pytest.approx(probe(clip).duration, abs=0.05)
    # the answer comes before the run has put everything away
    (run,) = wait_for(lambda: [run for run in tree.runs(body["job_id"]) if run.is_finished])
    assert (run.job_name, run.status.value) == ("request_Caption", "SUCCESS")

    asked |= {"video_url": served.url("/gone.mp4"), "webhook_url": served.url("/told")}
    later = post(asked)
    assert (later.status_code, later.json()["message"]) == (202, "processing")
    (told,) = served.wait("/told", seconds=120)
    assert told.headers[SIGNATURE] == signature(told.body, "hook")
    assert (told.message["code"], told.message["job_id"]) == (400, later.json()["job_id"])
    found = httpx.get(
        f"{url}/v1/jobs/{later.json()['job_id']}", headers={"x-api-key": KEY}, trust_env=False
    ).json()
    assert found == {**told.message, "pid": found["pid"]}
    assert KEY not in tree.log.read_text()
