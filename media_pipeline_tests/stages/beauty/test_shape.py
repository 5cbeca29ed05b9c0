"""Engines for the shape of faces, of which none is installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.decode import decode
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.beauty import BEAUTIFIED, SHAPES, ShapeEngine, reshaping, shape
from media_pipeline.store import Store
from media_pipeline_tests.generators.faces import FaceFilm, make_faces, write_faces


class Widening:
    """Makes the eyes' half of a face lighter, so that one sees where it was."""

    name, version, shapes = "widening", "3", ("eye_size",)

    def reshape(
        self,
        part: np.ndarray[Any, np.dtype[np.uint8]],
        face: tuple[float, float, float],
        amounts: Mapping[str, float],
    ) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], np.ndarray[Any, np.dtype[np.bool_]]]:
        made = part.copy()
        x, y, side = face
        changed = np.zeros(part.shape[:2], np.bool_)
        rows = slice(round(y - side / 4), round(y))
        changed[rows, round(x - side / 4) : round(x + side / 4)] = True
        made[changed, 0] = np.minimum(255, made[changed, 0] + 60.0 * amounts["eye_size"])
        return made, changed


class _Point:
    """An entry point."""

    def load(self) -> type[Widening]:
        return Widening


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape, "entry_points", lambda group: [_Point()] * (group == shape.GROUP))


def test_nothing_is_asked_of_engines_for_shapes_at_rest() -> None:
    assert reshaping(dict.fromkeys(SHAPES, 0), "here") is None


@pytest.mark.parametrize("name", SHAPES)
def test_without_an_engine_a_shape_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(InvalidParameter, match=rf"'here.{name}' is invalid, input: 7") as caught:
        reshaping({name: 7}, "here")
    assert shape.GROUP in caught.value.remedy
    with pytest.raises(InvalidParameter, match=rf"'JobParams.beauty_params.{name}' is invalid"):
        FUNCTIONS["FaceBeauty"].prepare({"beauty_params": f"{name}=7"})


@pytest.mark.usefixtures("_installed")
def test_what_an_engine_does_not_do_is_refused() -> None:
    assert isinstance(Widening(), ShapeEngine)
    found = reshaping({"eye_size": 40}, "here")
    assert found is not None
    assert found.amounts == {"eye_size": 0.4}
    with pytest.raises(InvalidParameter, match=r"'here.smile' is invalid, input: 5"):
        reshaping({"eye_size": 40, "smile": 5}, "here")


@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
def test_an_installed_engine_changes_faces_and_is_named(tmp_path: Path) -> None:
    faces = make_faces(FaceFilm(seconds=0.3, size=(320, 180), width=90))
    write_faces(tmp_path / "film.mp4", faces)
    runner = Runner(Store(tmp_path / "lake"))
    key = runner.ingest(tmp_path / "film.mp4").key
    params = {"beautified": {"whiten": 0, "smooth": 0, "eye_size": 100}}
    made = runner.request(key, BEAUTIFIED, params)
    assert made.manifest.engine == {"name": "widening", "version": "3"}
    before, after = (
        np.stack([f.luma for f in decode(p)]).astype(int)
        for p in (tmp_path / "film.mp4", made.path("beautified.mp4"))
    )
    lighter = (after - before)[:, 75:85, 150:170]
    assert lighter.mean() > 30
    assert abs((after - before)[:, 130:, :60].mean()) < 2
