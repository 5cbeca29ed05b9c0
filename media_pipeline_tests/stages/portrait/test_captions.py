"""Captions in the picture of films that are made upright."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.media.canvas import Canvas
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.stages.captions import Params as Reading
from media_pipeline.stages.captions import extract_captions
from media_pipeline.stages.portrait import Course, follow_subject, plan_course
from media_pipeline.stages.portrait.captions import (
    SLACK_S,
    Band,
    Standing,
    bands,
    lay,
    room,
    standing,
    standing_at,
)
from media_pipeline.stages.remake import remake
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.captions import Film, make_clip
from media_pipeline_tests.generators.covered import drawn_pictures
from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.video import write_video

SHARE = (9 / 16) ** 2
SIZE = (640, 360)
LONG, NEXT, SHORT = "我们没有时间了 他们马上就要到这里来", "不要再等了 我们快走吧", "快走"


def _film(*cues: Cue, seconds: float = 2.0) -> Film:
    return Film(cues, seconds, size=SIZE, ground="drift", seed=5)


def _with_boxes(film: Film, folder: Path) -> list[Cue]:
    """The cues with the boxes of their ink."""
    plain = drawn_pictures(replace(film, cues=()), folder)
    drawn = drawn_pictures(film, folder)
    found = []
    for cue in film.cues:
        number = round((cue.start + cue.end) / 2 * film.rate)
        y, x = np.nonzero((drawn[number] != plain[number]).any(axis=2))
        box = Box.from_pixels(x.min(), y.min(), x.max() + 1, y.max() + 1, *SIZE)
        found.append(replace(cue, box=box))
    return found


def _upright(film: Path, course: Course, target: Path) -> NDArray[np.uint8]:
    remake(film, probe(film), target, lambda c: follow_subject(c, course), crf=8, upright=True)
    return np.stack([frame.luma for frame in decode(target)])


@pytest.mark.slow
def test_a_caption_wider_than_the_window_is_shown_whole_and_once(tmp_path: Path) -> None:
    film = _film(Cue(0.4, 1.0, LONG), Cue(1.0, 1.4, NEXT), Cue(1.4, 1.8, SHORT))
    clip = make_clip(tmp_path / "film.mp4", film, crf=8)
    cues = _with_boxes(film, tmp_path)
    course = Course(SHARE, (0.0,), ((0.0,),), ((0.5,),))
    shown = bands(standing(cues, 16 / 9), course.at, [0.0], SHARE)
    assert [(b.start, b.end) for b in shown] == [
        (pytest.approx(0.4 - SLACK_S), pytest.approx(1.4))
    ], "the last one is inside the window"
    made = _upright(clip.path, replace(course, bands=tuple(shown)), tmp_path / "out.mp4")
    wide = [frame.luma for frame in decode(clip.path)]
    (band,) = shown
    for cue in cues[:2]:
        for index in range(round(cue.start * film.rate), round(cue.end * film.rate)):
            _assert_laid(wide[index], made[index], band)
    for index in (3, 37, 48):  # the picture of the window, with the last caption and without any
        left = round((0.5 - SHARE / 2) * SIZE[0])
        window = wide[index][:, left : left + made.shape[2]]
        assert np.abs(window.astype(int) - made[index]).mean() < 2


def _assert_laid(wide: NDArray[np.uint8], made: NDArray[np.uint8], band: Band) -> None:
    """The text is there whole, and beside its rows nothing is left of the cut copy."""
    height, width = made.shape
    middle, half = band.box.y + band.box.h / 2, band.box.h / 2
    left, right, upper, lower = (
        round(share * side)
        for share, side in (
            (band.box.x, SIZE[0]),
            (band.box.right, SIZE[0]),
            (band.box.y, height),
            (band.box.bottom, height),
        )
    )
    first, last = (round((middle + sign * band.scale * half) * height) for sign in (-1, 1))
    text = cv2.resize(
        wide[upper:lower, left:right], (width, last - first), interpolation=cv2.INTER_AREA
    )
    got = made[first:last]
    assert np.corrcoef(text.ravel(), got.ravel())[0, 1] > 0.85
    fade = round(0.02 * height) + 1
    beside = np.concatenate([made[upper : first - fade], made[last + fade : lower]]).astype(int)
    assert len(beside)
    assert np.abs(np.diff(beside, axis=1)).max() < 20


@pytest.mark.slow
def test_what_was_cut_can_be_read_again(tmp_path: Path) -> None:
    film = _film(Cue(0.2, 1.0, LONG), seconds=1.2)
    large = replace(film, size=(1280, 720))
    clip = make_clip(tmp_path / "film.mp4", large, crf=12)
    (cue,) = _with_boxes(film, tmp_path)
    course = plan_course(clip.path, [0.0], SHARE, [cue])
    assert course.bands
    _upright(clip.path, course, tmp_path / "out.mp4")
    read = extract_captions(tmp_path / "out.mp4", Reading()).cues
    assert [c.text.replace(" ", "") for c in read] == [LONG.replace(" ", "")]


def test_a_window_moves_for_a_caption_where_it_costs_little() -> None:
    times = [0.0, 0.5, 1.0]
    beside = Standing(0.4, 0.9, Box(0.55, 0.9, 0.2, 0.05))
    found = room(times, [beside], SHARE)
    assert found is not None
    np.testing.assert_allclose(found[[0, 2]], [[SHARE / 2, 1 - SHARE / 2]] * 2)
    np.testing.assert_allclose(found[1], [0.75 - SHARE / 2, 0.55 + SHARE / 2])
    assert room(times, [], SHARE) is None
    assert room(times, [replace(beside, box=Box(0.1, 0.9, 0.8, 0.05))], SHARE) is None


@pytest.mark.slow
def test_a_short_caption_is_inside_the_window_of_a_film_without_a_subject(tmp_path: Path) -> None:
    film = _film(Cue(0.2, 1.0, SHORT), seconds=1.2)
    clip = make_clip(tmp_path / "film.mp4", film)
    (cue,) = _with_boxes(film, tmp_path)
    assert cue.box is not None
    course = plan_course(clip.path, [0.0], SHARE, [cue])
    middle = course.at(0.6)
    assert middle is not None
    assert course.bands == ()
    assert middle - SHARE / 2 < cue.box.x
    assert cue.box.right < middle + SHARE / 2


def test_captions_of_a_long_film_are_planned_at_once() -> None:
    film = [
        Standing(3.0 * n, 3.0 * n + 2.5, Box(0.2, 0.85, 0.5 + 0.001 * (n % 9), 0.06))
        for n in range(1500)
    ]
    assert standing_at(film, 3001.0) == [film[1000]]
    assert standing_at(film, 3002.9) == []
    found = bands(film, lambda _: 0.5, [0.0], SHARE)
    assert [(band.start, band.end) for band in found] == [(0.0, film[-1].end)]


def test_captions_on_other_rows_or_much_wider_have_bands_of_their_own() -> None:
    def at(start: float, x: float, y: float, w: float) -> Standing:
        return Standing(start, start + 1.0, Box(x, y, w, 0.06))

    def planned(*captions: Standing) -> list[tuple[float, float, float]]:
        found = bands(captions, lambda _: 0.5, [0.0], SHARE)
        return [(b.start, b.end, round(b.scale, 2)) for b in found]

    alike = planned(at(0, 0.2, 0.9, 0.6), at(1.5, 0.25, 0.9, 0.5))
    assert alike == [(0, 2.5, 0.53)]
    assert len(planned(at(0, 0.2, 0.9, 0.6), at(0.2, 0.2, 0.1, 0.6))) == 2
    wider = planned(at(0, 0.3, 0.9, 0.4), at(1 - 2 * SLACK_S, 0.0, 0.9, 1.0))
    cut = 1 - SLACK_S  # where one was seen last and the other first
    assert wider == [(0, pytest.approx(cut), 0.79), (pytest.approx(cut), 2 - 2 * SLACK_S, 0.32)]
    assert planned(at(0, 0.2, 0.9, 0.6), at(3, 0.4, 0.9, 0.2)) == [(0, 1, 0.53)]


@pytest.mark.parametrize("bottom", [1.0, 0.9])
def test_ten_bits_and_the_edge_of_the_picture(tmp_path: Path, bottom: float) -> None:
    shown = [*islice(pictures("drift", SIZE, 25, seed=1), 4)]
    top, low = round((bottom - 0.06) * SIZE[1]), round(bottom * SIZE[1])
    for picture in shown:
        picture[top:low, 100:540] = 20
        cv2.rectangle(picture, (120, top + 4), (520, low - 4), (250, 250, 250), -1)
    film = tmp_path / "film.mp4"
    write_video(film, shown, pixels="yuv420p10le")
    box = Box(100 / 640, top / 360, 440 / 640, (low - top) / 360)
    course = Course(SHARE, (0.0,), ((0.0,),), ((0.3,),))
    found = bands([Standing(0.0, 9.0, box)], course.at, [0.0], SHARE)
    made = _upright(film, replace(course, bands=tuple(found)), tmp_path / "out.mp4")
    video = probe(tmp_path / "out.mp4").video
    assert video is not None
    assert video.pixel_format == "yuv420p10le"
    white = (made[2][top:low] > 215).any(axis=0)
    assert white[15:-15].all()
    assert not white[:6].any()
    assert not white[-6:].any()


def test_nothing_of_the_picture_is_seen_again_above_a_caption_in_a_black_bar() -> None:
    rgb = np.full((360, 640, 3), 200, np.uint8)
    rgb[300:] = 0
    rgb[304:326, 100:540:12] = 255
    wide = Canvas.of(av.VideoFrame.from_ndarray(rgb, format="bgr24").reformat(format="yuv420p"), 0)
    upright = wide.blank(202, 360)
    for old, new in zip(wide.planes, upright.planes, strict=True):
        left = (old.shape[1] - new.shape[1]) // 2
        new[:] = old[:, left : left + new.shape[1]]
    cue = Cue(0.0, 9.0, "Hello", box=Box.from_pixels(100, 304, 540, 326, 640, 360))
    (band,) = bands(standing([cue], 640 / 360), lambda _: 0.5, [0.0], SHARE)
    lay(wide, upright, band)
    rows = np.median(upright.luma().astype(int), axis=1)[280:308]
    assert rows[0] > 150
    again = (rows - np.minimum.accumulate(rows)).max()
    assert again < 12, "from the picture to the caption it only gets darker"
