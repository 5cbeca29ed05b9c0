"""The seven styles, pixel by pixel on flat grey: what is drawn, in which colour, at which time."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.stages.burn import CaptionSettings, Drawing, draw_captions
from media_pipeline.stages.burn.states import states
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.exclusion import TimeRange
from media_pipeline.text.pieces import Caption, Piece, caption, with_words
from media_pipeline_tests.generators.drawn import (
    FPS,
    Picture,
    box,
    drawn_film,
    drawn_frame,
    ink,
    of_colour,
)

WIDTH, HEIGHT = 640, 360
WHITE, YELLOW, RED, BLUE = (255, 255, 255), (255, 255, 0), (255, 0, 0), (0, 0, 255)
TEXTS = {
    "latin": "Where have you been",
    "chinese": "我们没有时间了",
    "arabic": "أين كنت يا صديقي",
}
TIMES = [(0.2, 0.6), (0.6, 0.9), (1.3, 1.5), (1.52, 1.8)]
WORD_STYLES = ["karaoke", "highlight", "underline", "word_by_word", "pop", "box"]


def spoken(text: str = TEXTS["latin"]) -> Caption:
    """Words at uneven times, with a pause in the middle; the caption lasts from 0 to 2 s."""
    given = caption(Cue(0.0, 2.0, text))
    count = len(given.pieces)
    times = TIMES if count == len(TIMES) else [(i / 4, (i + 1) / 4) for i in range(count)]
    words = [Word(a, b, p.text, 1.0, "t") for (a, b), p in zip(times, given.pieces, strict=True)]
    return with_words(given, words)


def draw(style: str, text: str = TEXTS["latin"], **more: object) -> Drawing:
    settings = CaptionSettings.model_validate(
        {"style": style, "font_size": 32, "word_color": "#FF0000", "line_color": "#0000FF"} | more
    )
    return draw_captions([spoken(text)], WIDTH, HEIGHT, settings)


def columns_of(picture: Picture, rgb: tuple[int, int, int]) -> tuple[int, int]:
    left, _, right, _ = box(of_colour(picture, rgb, 60))
    return left, right


def current(time: float) -> int | None:
    return next((i for i, (a, b) in enumerate(TIMES) if a <= time + 1e-6 < b), None)


@pytest.mark.parametrize("style", ["highlight", "box", "pop"])
def test_the_current_word_has_its_colour_from_its_first_frame_to_its_last(style: str) -> None:
    film = drawn_film(draw(style), WIDTH, HEIGHT, 2.0)
    places = {}
    for number, picture in enumerate(film):
        word = current(number / FPS)
        red = of_colour(picture, RED, 60)
        held = 1.5 <= number / FPS < 1.52
        assert red.any() == (word is not None or held), f"frame {number}"
        if word is not None:
            places.setdefault(word, columns_of(picture, RED))
    assert sorted(places) == [0, 1, 2, 3]
    assert all(a[1] <= b[0] for a, b in pairwise(places.values())), "one after the other"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("style", ["highlight", "karaoke", "underline", "box"])
def test_nothing_moves_when_the_current_word_changes(style: str, text: str) -> None:
    film = drawn_film(draw(style, text), WIDTH, HEIGHT, 2.0)
    masks = [ink(p) for p in film]
    if style == "underline":
        baseline = box(masks[0])[3] - 12
        masks = [m[:baseline] for m in masks]
    for mask in masks:
        # edges of letters are mixed with what is around them, so their colour counts a little
        assert (mask != masks[0]).sum() < 100


def test_karaoke_keeps_the_colour_of_words_that_were_spoken() -> None:
    film = drawn_film(draw("karaoke"), WIDTH, HEIGHT, 2.0)
    reds = [int(of_colour(p, RED, 60).sum()) for p in film]
    assert reds == sorted(reds)
    starts = [n for n, (a, b) in enumerate(pairwise([0, *reds])) if b > a]
    firsts = [math.ceil(a * FPS - 1e-6) for a, _ in TIMES]
    assert starts == firsts, "the pause belongs to the word before"
    assert not of_colour(film[-1], BLUE, 60).any()


def test_underline_is_under_the_current_word_only() -> None:
    film = drawn_film(draw("underline", outline_width=0), WIDTH, HEIGHT, 2.0)
    silent = ink(film[0])
    baseline = box(silent)[3] - 10
    places = []
    for number, picture in enumerate(film):
        new = ink(picture) & ~silent
        line = int(np.argmax(new[baseline:].sum(axis=1))) + baseline
        word = current(number / FPS)
        held = 1.5 <= number / FPS < 1.52
        assert (new[line].sum() > 20) == (word is not None or held)
        assert ink(picture).sum() >= silent.sum(), "the text stays in the pauses"
        if word is not None:
            columns = np.flatnonzero(new[line])
            places.append((word, (columns[0], columns[-1])))
    for word in range(4):
        lefts = [b[0] for w, b in places if w == word]
        assert max(lefts) == min(lefts)
    firsts = [next(b for w, b in places if w == word) for word in range(4)]
    assert all(a[1] < b[0] for a, b in pairwise(firsts)), "not under the spaces"


def test_word_by_word_shows_one_word_at_a_time() -> None:
    film = drawn_film(draw("word_by_word"), WIDTH, HEIGHT, 2.0)
    widths = {}
    for number, picture in enumerate(film):
        word = current(number / FPS)
        held = 1.5 <= number / FPS < 1.52
        assert ink(picture).any() == (word is not None or held)
        if word is not None:
            left, _, right, _ = box(ink(picture))
            assert (left + right) / 2 == pytest.approx(WIDTH / 2, abs=3)
            widths.setdefault(word, right - left)
            assert widths[word] == right - left
            assert not of_colour(picture, BLUE, 60).any()
    assert widths[0] > widths[2]


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_pop_grows_the_current_word_in_its_place(text: str) -> None:
    drawing, plain = draw("pop", text), draw("highlight", text)
    words = spoken(text).pieces
    for word in words:
        time = (word.start + word.end) / 2
        grown, usual = (
            box(of_colour(drawn_frame(d, WIDTH, HEIGHT, time), RED, 60)) for d in (drawing, plain)
        )
        for a, b in ((0, 2), (1, 3)):
            assert (grown[a] + grown[b]) / 2 == pytest.approx((usual[a] + usual[b]) / 2, abs=2.5)
        assert grown[2] - grown[0] > 1.08 * (usual[2] - usual[0])
        frame = drawn_frame(drawing, WIDTH, HEIGHT, time)
        other = drawn_frame(plain, WIDTH, HEIGHT, time)
        left, _, right, _ = grown
        far = np.ones(WIDTH, bool)
        far[max(0, left - 6) : right + 6] = False
        assert (ink(frame)[:, far] != ink(other)[:, far]).mean() < 1e-4, "others stay"


def test_box_is_filled_behind_all_rows() -> None:
    text = "A longer caption of two rows\nand this is the second"
    settings = CaptionSettings(style="box", outline_color="#00FF0080", font_size=30)
    drawing = draw_captions([caption(Cue(0.0, 1.0, text))], WIDTH, HEIGHT, settings)
    picture = drawn_frame(drawing, WIDTH, HEIGHT, 0.5)
    left, top, right, bottom = box(ink(picture))
    inner = picture[top + 6 : bottom - 6, left + 6 : right - 6].reshape(-1, 3).astype(int)
    ground = (64, 191, 64)  # half green over grey
    assert (np.abs(inner - ground).max(axis=1) < 12).mean() > 0.5
    assert (np.abs(inner - 128).max(axis=1) < 12).mean() < 0.01, "no hole"
    text_left, text_top, text_right, text_bottom = box(of_colour(picture, WHITE))
    assert min(text_left - left, right - text_right, text_top - top, bottom - text_bottom) > 2


def test_rows_of_one_colour_are_painted_once() -> None:
    drawing = draw("highlight", outline_color="#00000080", outline_width=6)
    classic = draw("classic", outline_color="#00000080", outline_width=6)
    silent, whole = (drawn_frame(d, WIDTH, HEIGHT, 0.1) for d in (drawing, classic))
    assert (np.abs(silent.astype(int) - whole) > 8).mean() < 1e-3


@pytest.mark.parametrize("style", ["classic", *WORD_STYLES])
def test_nothing_is_shown_in_excluded_ranges(style: str) -> None:
    settings = CaptionSettings(style=style)
    ranges = [TimeRange(0.4, 0.72), TimeRange(1.6, 1.68)]
    drawing = draw_captions([spoken()], WIDTH, HEIGHT, settings, exclude=ranges)
    film = drawn_film(drawing, WIDTH, HEIGHT, 2.0)
    full = drawn_film(draw_captions([spoken()], WIDTH, HEIGHT, settings), WIDTH, HEIGHT, 2.0)
    for number, (picture, whole) in enumerate(zip(film, full, strict=True)):
        hidden = any(r.start <= number / FPS + 1e-6 < r.end for r in ranges)
        assert ink(picture).any() == (ink(whole).any() and not hidden), f"frame {number}"


@pytest.mark.parametrize("style", WORD_STYLES[:-1])
def test_word_styles_need_word_times(style: str) -> None:
    untimed = [caption(Cue(0.0, 2.0, "no times here"))]
    with pytest.raises(InvalidParameter, match="estimate_word_times"):
        draw_captions(untimed, WIDTH, HEIGHT, CaptionSettings(style=style))
    settings = CaptionSettings(style=style, estimate_word_times=True)
    assert draw_captions(untimed, WIDTH, HEIGHT, settings).spans == ((0.0, 2.0),)


def test_states_have_no_gaps_and_no_overlaps() -> None:
    pieces = [Piece("a", 0.5, 0.9), Piece("b", 0.95, 1.2), Piece("c", 1.2, 1.2), Piece("d", 1.6, 9)]
    found = list(states(pieces, 0.0, 2.0))
    assert [(s.start, s.end, s.current) for s in found] == [
        (0.0, 0.5, None),
        (0.5, 0.95, 0),
        (0.95, 1.2, 1),
        (1.2, 1.6, None),
        (1.6, 2.0, 3),
    ]
    assert [s.begun for s in found] == [0, 1, 2, 3, 4]
