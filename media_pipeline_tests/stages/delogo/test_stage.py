"""Marks taken out of films whose ground is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from media_pipeline.errors import NothingToDo
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import Outcome, Work, quiet
from media_pipeline.stages.delogo import DELOGOED, Params
from media_pipeline.stages.delogo.find import Sighting
from media_pipeline.stages.delogo.stage import of_kinds
from media_pipeline.store import Store
from media_pipeline_tests.generators.marked import Marked, Place, emblem, make_marked
from media_pipeline_tests.generators.scores import psnr
from media_pipeline_tests.generators.video import ffmpeg


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
    [
        ("busy", "words", 0.5, 3.0),
        pytest.param("hand", "words", 1.0, 3.0, marks=pytest.mark.slow),
        pytest.param("drift", "plate", 0.4, 1.0, marks=pytest.mark.slow),
    ],
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


def test_transparency_is_told_to_be_gone(tmp_path: Path) -> None:
    film = make_marked(
        tmp_path / "film.mp4", "hand", emblem("words", scale=0.6), size=(320, 180), seconds=0.2
    )
    ffmpeg("-i", film.path, "-c:v", "qtrle", "-pix_fmt", "argb", tmp_path / "clear.mov")
    clear = replace(film, path=tmp_path / "clear.mov")
    outcome = run(clear, tmp_path / "out", boxes=film.boxes)
    assert any("MP4 keeps no alpha" in warning for warning in outcome.warnings)
    assert inside(film, pictures(tmp_path / "out" / "delogoed.mp4")) > 15


HOPS = (Place(0.05, 0.07, 0.0, 1.6), Place(0.76, 0.8, 1.6))


@pytest.mark.slow
def test_a_mark_that_changes_its_corner_is_found_and_each_box_has_its_time(tmp_path: Path) -> None:
    film = make_marked(
        tmp_path / "film.mp4", "busy", emblem("words"), places=HOPS, seconds=3.2, crf=14
    )
    outcome = run(film, tmp_path / "out")
    found = sorted(outcome.facts["marks"], key=lambda mark: mark["box"][0])
    assert len(found) == 2
    for mark, box, span in zip(found, film.boxes, ((0.0, 1.6), (1.6, 3.2)), strict=True):
        assert np.allclose(mark["box"], box, atol=0.03)
        assert np.allclose(mark["shown"], [span], atol=0.2)
    before, after = pictures(film.path), pictures(tmp_path / "out" / "delogoed.mp4")
    assert inside(film, after) > inside(film, telea(film, before)) + 1
    # where the mark has not come yet or has gone nothing is taken away
    corner = (slice(280, 330), slice(480, 600))
    assert (
        min(psnr(a[corner], b[corner]) for a, b in zip(before[:40], after[:40], strict=True)) > 33
    )


@pytest.mark.slow
@pytest.mark.parametrize("given", [True, False])
def test_pictures_without_the_mark_are_copied(tmp_path: Path, given: bool) -> None:
    coding = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "10")
    film = make_marked(
        tmp_path / "film.mp4", "busy", emblem("words", 0.6), places=[Place(0.76, 0.07, 1.6)],
        seconds=3.2, coding=coding,
    )  # fmt: skip
    outcome = run(film, tmp_path / "out", **({"boxes": film.boxes} if given else {}))
    assert outcome.facts["coded_anew"] < 0.8
    before, after = pictures(film.path), pictures(tmp_path / "out" / "delogoed.mp4")
    assert np.array_equal(before[:20], after[:20])
    assert inside(film, after) > inside(film, telea(film, before)) + 1.5


@pytest.mark.parametrize("ground", ["busy", "flat", "drift", "still"])
def test_nothing_is_found_where_there_is_no_mark(tmp_path: Path, ground: str) -> None:
    film = make_marked(tmp_path / "film.mp4", ground, emblem("words"), places=(), seconds=2.8)
    with pytest.raises(NothingToDo, match=r"no mark was found in film\.mp4"):
        run(film, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_kinds_choose() -> None:
    stays = Sighting(Box(0, 0, 0.1, 0.1), ((0.0, float("inf")),))
    hops = [Sighting(Box(x, 0, 0.1, 0.1), ((t, t + 3.0),)) for x, t in ((0.2, 0.0), (0.4, 4.0))]
    assert of_kinds([stays, *hops], ["tv"], 9.0) == [stays]
    assert of_kinds([stays, *hops], ["internet"], 9.0) == hops
    assert of_kinds([stays, *hops], ["tv", "internet"], 9.0) == [stays, *hops]


def test_the_function_leaves_a_film_without_marks_as_it_is(
    tmp_path: Path, silent_clip: Path
) -> None:
    runner = Runner(Store(tmp_path / "lake"))
    notes: list[str] = []
    (tmp_path / "out").mkdir()
    key = runner.ingest(silent_clip).key
    job = Job(runner, key, tmp_path / "out", "out.mp4", quiet, notes.append)
    assert FUNCTIONS["VideoDelogo"].prepare({"LogoModel": "tv,internet"}).work(job) == {}
    assert "unchanged: no mark was found" in notes[0]
    assert np.array_equal(pictures(tmp_path / "out" / "out.mp4"), pictures(silent_clip))


@pytest.mark.slow
def test_boxes_are_those_of_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    small = make_marked(
        tmp_path / "lying.mp4", "busy", emblem("words", 0.6, scale=0.6), size=(320, 180),
        seconds=1.2, crf=14,
    )  # fmt: skip
    turned = tmp_path / "film.mp4"
    ffmpeg("-display_rotation:v:0", "90", "-i", small.path, "-c", "copy", turned)
    x, y, w, h = small.boxes[0]
    clean, masks = np.rot90(small.clean, axes=(1, 2)), np.rot90(small.masks, axes=(1, 2))
    film = Marked(turned, clean, masks, [[y, 1 - x - w, h, w]])
    assert pictures(turned).shape == clean.shape
    run(film, tmp_path / "out", boxes=film.boxes)
    before, after = pictures(turned), pictures(tmp_path / "out" / "delogoed.mp4")
    assert inside(film, after) > inside(film, before) + 6
