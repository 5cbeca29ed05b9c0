from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media_pipeline.media.decode import frame_at
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import quiet
from media_pipeline.store import Store
from media_pipeline_tests.generators.spoiled import make_spoiled


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_spoiled(tmp_path_factory.mktemp("film") / "film.mp4", 3).path


def run(film: Path, folder: Path, name: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    runner = Runner(Store(folder / "lake"))
    item = runner.ingest(film)
    (folder / "out").mkdir()
    work = FUNCTIONS["Cover"].prepare(params).work
    found = work(Job(runner, item.key, folder / "out", name, quiet))
    assert isinstance(found, list)
    assert sorted(p.name for p in (folder / "out").iterdir()) == sorted(f["Url"] for f in found)
    return found


@pytest.mark.slow
def test_one_picture_equal_to_the_frame_at_its_time(film: Path, tmp_path: Path) -> None:
    (found,) = run(film, tmp_path, "a.png", {})
    assert 0 < found["Score"] <= 10
    shown = cv2.imread(str(tmp_path / "out" / "a.png"))
    assert np.array_equal(shown, frame_at(film, float(found["Time"]) / 1000))


@pytest.mark.slow
def test_numbered_pictures(film: Path, tmp_path: Path) -> None:
    found = run(film, tmp_path, "{sequenceId}_a.jpg", {"Model": ""})
    assert 3 <= len(found) <= 5
    assert [f["Url"] for f in found] == [f"{n}_a.jpg" for n in range(1, len(found) + 1)]
    assert [f["Score"] for f in found] == sorted((f["Score"] for f in found), reverse=True)


@pytest.mark.slow
def test_a_loop(film: Path, tmp_path: Path) -> None:
    (found,) = run(film, tmp_path, "a.gif", {"Model": "gif"})
    assert (tmp_path / "out" / found["Url"]).read_bytes()[:4] == b"GIF8"
    assert FUNCTIONS["Cover"].prepare({"Model": "gif"}).suffixes == (".gif",)
