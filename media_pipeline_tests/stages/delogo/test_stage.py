"""Marks taken out of films whose ground is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from media_pipeline.media.decode import decode
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import Outcome, Work
from media_pipeline.stages.delogo import DELOGOED, Params
from media_pipeline_tests.generators.marked import Marked, emblem, make_marked
from media_pipeline_tests.generators.scores import psnr


def run(film: Marked, folder: Path, **values: object) -> Outcome:
    folder.mkdir()
    params = Params.model_validate(values)
    return DELOGOED.run(Work(film.path, probe(film.path), {}, params, folder, name="film.mp4"))


def pictures(path: Path) -> NDArray[np.uint8]:
    return np.stack([frame.bgr() for frame in decode(path)])


def inside(film: Marked, shown: NDArray[np.uint8]) -> float:
    """PSNR of the pixels below the mark, dB, on average over the pictures that bear one."""
    each = zip(film.clean, shown, film.masks, strict=True)
    return float(np.mean([psnr(a, b, mask) for a, b, mask in each if mask.any()]))


def telea(film: Marked, shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What filling each picture from the true pixels' edges gives."""
    wide = [cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) for mask in film.masks]
    filled = [cv2.inpaint(p, m, 4, cv2.INPAINT_TELEA) for p, m in zip(shown, wide, strict=True)]
    return np.stack(filled).astype(np.uint8)


@pytest.mark.parametrize(
    ("ground", "kind", "opacity", "better"),
    [("hand", "words", 1.0, 3.0), ("busy", "words", 0.5, 4.0), ("drift", "plate", 0.4, 1.0)],
)
def test_marks_go_and_nothing_else_is_touched(
    tmp_path: Path, ground: str, kind: str, opacity: float, better: float
) -> None:
    film = make_marked(tmp_path / "film.mp4", ground, emblem(kind, opacity), seconds=2.4)
    outcome = run(film, tmp_path / "out", boxes=film.boxes, crf=14)
    before, after = pictures(film.path), pictures(tmp_path / "out" / "delogoed.mp4")
    assert inside(film, after) > inside(film, telea(film, before)) + better
    outside = np.ones(before.shape[1:3], np.bool_)
    x, y, _, h = film.boxes[0]
    outside[round(y * 360) - 4 : round((y + h) * 360) + 4, round(x * 640) - 4 :] = False
    for one, other in zip(before, after, strict=True):
        assert psnr(one, other, outside) > 40
    assert list(outcome.warnings) == []
    found = outcome.facts["marks"][0]
    assert np.allclose(found["box"], film.boxes[0], atol=0.02)
    assert len(list((tmp_path / "out").glob("pair_*.jpg"))) == 4


@pytest.mark.parametrize(
    "boxes",
    [
        [[0.1, 0.1, 0.2, 0.1]] * 3,
        [[0.9, 0.1, 0.2, 0.1]],
        [[-0.1, 0.1, 0.2, 0.1]],
        [[0.1, 0.1, 0, 0.1]],
        [[0.1, 0.1, 0.2]],
        [0.1, 0.1, 0.2, 0.1],
        [],
        "left",
    ],
)
def test_wrong_boxes_are_refused(boxes: object) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate({"boxes": boxes})


def test_a_box_in_which_nothing_stands_still_is_filled_and_that_is_told(tmp_path: Path) -> None:
    film = make_marked(tmp_path / "film.mp4", "busy", emblem("words"), seconds=1.2)
    outcome = run(film, tmp_path / "out", boxes=[[0.1, 0.6, 0.1, 0.1]])
    assert "all of it was filled" in outcome.warnings[0]


def test_a_film_of_one_picture_with_odd_sides(tmp_path: Path) -> None:
    film = make_marked(
        tmp_path / "film.mkv", "hand", emblem("words", scale=0.6), size=(321, 181), seconds=0.04,
        coding=("-c:v", "ffv1"),
    )  # fmt: skip
    run(film, tmp_path / "out", boxes=film.boxes)
    after = pictures(tmp_path / "out" / "delogoed.mp4")
    assert after.shape[0] == 1
    assert inside(film, after[:, :181, :321]) > 15
