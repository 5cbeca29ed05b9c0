"""Films of several shots, keyed in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from media_pipeline.media.canvas import Canvas
from media_pipeline.media.probe import VideoStream
from media_pipeline.stages.matte.film import Cut, Seen, keyed, over
from media_pipeline.stages.matte.planes import Planes
from media_pipeline_tests.generators.screens import SCENES, Screened, make_screened

_SIZE = (320, 180)
_GREEN = replace(SCENES[0], size=_SIZE, count=5, strands=20, at=(0.5, 0.7))
_BLUE = replace(SCENES[5], size=_SIZE, count=5, strands=20, at=(0.5, 0.7))


@pytest.fixture(scope="module")
def shots() -> dict[str, Screened]:
    return {"green": make_screened(_GREEN), "blue": make_screened(_BLUE)}


def _cuts(pictures: Sequence[np.ndarray]) -> tuple[list[Cut], Seen]:
    def canvases() -> Iterator[Canvas]:
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            yield Canvas.of(frame.reformat(format="yuv420p"), index / 24)

    seen = Seen()
    return list(keyed(canvases(), seen)), seen


def _grey_like(picture: np.ndarray, seed: int = 4) -> np.ndarray:
    """A wall of the screen's brightness: no cut for eyes that see no colour."""
    level = int(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).mean())
    stain = np.random.default_rng(seed).integers(level - 9, level + 9, (9, 16)).astype(np.uint8)
    return cv2.cvtColor(cv2.resize(stain, picture.shape[1::-1]), cv2.COLOR_GRAY2BGR)


def _error(cut: Cut, alpha: np.ndarray) -> float:
    assert cut.keyed is not None
    return float(np.abs(cut.keyed.alpha - alpha).mean())


def test_a_screen_that_goes_without_a_jump_in_brightness_is_seen_to_go(
    shots: dict[str, Screened],
) -> None:
    green = shots["green"]
    wall = _grey_like(green.film[0])
    cuts, seen = _cuts([*green.film[:3], wall, wall, *green.film[3:]])
    assert [cut.keyed is not None for cut in cuts] == [True] * 3 + [False] * 2 + [True] * 2
    assert (seen.pictures, len(seen.times)) == (7, 5)
    for cut, alpha in zip([*cuts[:3], *cuts[5:]], green.alpha, strict=True):
        assert _error(cut, alpha) < 0.008


def test_a_screen_that_comes_later_is_not_looked_for_before(shots: dict[str, Screened]) -> None:
    green = shots["green"]
    wall = _grey_like(green.film[0])
    cuts, _ = _cuts([wall, wall, *green.film])
    assert [cut.keyed is not None for cut in cuts] == [False] * 2 + [True] * 5


def test_another_screen_is_another_key(shots: dict[str, Screened]) -> None:
    one, other = shots["green"], shots["blue"]
    cuts, seen = _cuts([*one.film, *other.film])
    assert seen.kinds == {"green", "blue"}
    for cut, alpha in zip(cuts, [*one.alpha, *other.alpha], strict=True):
        assert _error(cut, alpha) < 0.008


def test_a_lamp_that_is_switched_on_changes_the_screen_at_once(shots: dict[str, Screened]) -> None:
    green = shots["green"]
    lit = np.clip(green.film[3:].astype(np.float32) * 1.12 + 8, 0, 255).astype(np.uint8)
    cuts, _ = _cuts([*green.film[:3], *lit])
    for cut, alpha in zip(cuts, green.alpha, strict=True):
        assert _error(cut, alpha) < 0.01


def test_no_picture_and_one_picture(shots: dict[str, Screened]) -> None:
    assert _cuts([])[1].pictures == 0
    cuts, _ = _cuts(shots["blue"].film[:1])
    assert _error(cuts[0], shots["blue"].alpha[0]) < 0.008


@pytest.mark.parametrize("size", [(2, 2), (6, 4), (16, 16), (34, 18)])
def test_pictures_of_a_few_pixels_are_taken(size: tuple[int, int]) -> None:
    picture = np.full((size[1], size[0], 3), (62, 178, 56), np.uint8)
    picture[size[1] // 2 :, : size[0] // 2] = 120
    cuts, _ = _cuts([picture, picture])
    assert len(cuts) == 2
    for cut in cuts:
        assert cut.keyed is None or np.isfinite(cut.keyed.alpha).all()


def test_what_is_put_before_another_picture_is_mixed_by_its_share(
    shots: dict[str, Screened],
) -> None:
    cut = _cuts(shots["green"].film[:1])[0][0]
    assert cut.keyed is not None
    matrix = cut.canvas.matrix
    red = np.full((180, 320, 3), (40, 30, 220), np.uint8)
    made = over(cut.keyed, Planes.of_bgr(red, matrix)).bgr(matrix).astype(np.float32)
    true = shots["green"].over(red.astype(np.float32))[0]
    assert 10 * np.log10(255**2 / np.square(made - true).mean()) > 33


def _stream(**changes: object) -> VideoStream:
    known: dict[str, object] = {"pixel_format": "yuv420p", "bit_depth": 8}
    return VideoStream.model_construct(**{**known, **changes})  # type: ignore[arg-type]


def test_people_are_told_what_was_left_out() -> None:
    seen = Seen(pictures=9, times=[0.0, 0.1])
    assert seen.warnings(_stream()) == ["7 of 9 pictures show no screen and stay whole"]
    whole = Seen(pictures=1, times=[0.0])
    assert whole.warnings(_stream()) == []
    assert whole.warnings(_stream(bit_depth=10)) == []
    assert whole.warnings(_stream(bit_depth=10), 8) == ["its 10 bits become 8"]
    assert whole.warnings(_stream(pixel_format="argb")) == [
        "the film's own transparency is not read"
    ]
