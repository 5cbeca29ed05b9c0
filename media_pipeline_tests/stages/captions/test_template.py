"""Templates: what they notice and what they bear."""

from __future__ import annotations

import numpy as np
import pytest

from media_pipeline.stages.captions.template import Template, high_pass, shifts, similarity
from media_pipeline_tests.generators.captions import draw_text
from media_pipeline_tests.stages.captions.strips import HEIGHT, TEXT, WIDTH, Luma, crop, strip


def learn(text: str, shifts: range = range(0, 60, 12)) -> Template:
    first, *others = (high_pass(crop(strip(text, shift=s))) for s in shifts)
    template = Template(first)
    for detail in others:
        template.add(detail)
    return template


def level(template: Template, luma: Luma) -> float:
    return template.compare(high_pass(crop(luma))).level


@pytest.fixture(scope="module")
def template() -> Template:
    return learn("他今天会来")


def test_the_text_is_known_on_ground_never_seen(template: Template) -> None:
    assert level(template, strip("他今天会来", seed=9)) > 0.8


def test_ground_alone_and_other_texts_do_not_fit(template: Template) -> None:
    for other in (strip(), strip(seed=9), strip("我明白你说"), strip(shift=24)):
        assert level(template, other) < 0.4


def test_a_half_faded_text_has_half_the_contrast(template: Template) -> None:
    match = template.compare(high_pass(crop(strip("他今天会来", seed=9, contrast=0.5))))
    assert match.contrast == pytest.approx(0.5, abs=0.12)
    assert match.level > 0.5


def test_a_changed_character_shows_in_its_cell_alone(template: Template) -> None:
    cells = template.compare(high_pass(crop(strip("他今夜会来", seed=9)))).cells
    assert np.nanmin(cells) < 0.5 < np.nanmedian(cells)


def test_an_empty_place_fits_nothing() -> None:
    flat = np.full((30, 140), 90, np.uint8)
    template = Template(high_pass(flat))
    assert template.compare(high_pass(crop(strip("他今天会来")))).level == 0.0


def test_similarity_compares_what_the_places_share() -> None:
    looks = [np.rint(learn(text).mean).astype(np.int8) for text in ("他今天会来", "他今夜会来")]
    assert similarity(looks[0], TEXT, looks[0], TEXT) == pytest.approx(1, abs=1e-3)
    assert similarity(looks[0], TEXT, looks[1], TEXT) < 0.5
    elsewhere = TEXT.__class__(TEXT.left, 0, TEXT.right, TEXT.top)
    assert similarity(looks[0], TEXT, looks[0], elsewhere) == 0.0


def test_a_ticker_on_a_bar_shifts_and_a_caption_on_a_moving_ground_does_not() -> None:
    def ticker(left: int) -> np.ndarray:
        picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
        picture[TEXT.top : TEXT.bottom] = 30
        draw_text(picture, "本台消息今日天气晴朗气温适宜请注意防晒", left, TEXT.top - 2, 24)
        return high_pass(crop(np.ascontiguousarray(picture[:, :, 0])))

    assert shifts(ticker(100), ticker(87))
    assert not shifts(ticker(100), ticker(100))
    still = [high_pass(crop(strip("他今天会来", shift=shift))) for shift in (0, 9)]
    assert not shifts(still[0], still[1])
