"""Where captions stand, pixel by pixel: cells, alignment, sizes, rows, and clear of each other."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from media_pipeline.errors import FontMissing, NothingToDo, UnknownFont
from media_pipeline.media.fonts import find_font, fonts
from media_pipeline.stages.burn import CaptionSettings, draw_captions
from media_pipeline.stages.burn.faces import Faces
from media_pipeline.stages.burn.layout import lay_out, safe_area
from media_pipeline.text.cues import Cue
from media_pipeline.text.given import parse_given
from media_pipeline.text.pieces import caption, estimated
from media_pipeline_tests.generators.drawn import (
    Picture,
    box,
    drawn_film,
    drawn_frame,
    ink,
    of_colour,
)

WIDTH, HEIGHT = 640, 360
WHITE, RED = (255, 255, 255), (255, 0, 0)


def frame(
    text: str, width: int = WIDTH, height: int = HEIGHT, time: float = 0.5, **settings: object
) -> Picture:
    drawing = draw_captions(
        [caption(Cue(0.0, 1.0, text))], width, height, CaptionSettings.model_validate(settings)
    )
    return drawn_frame(drawing, width, height, time)


def rows_of(text: str, width: int = WIDTH, height: int = HEIGHT, **settings: object) -> list[str]:
    look = CaptionSettings.model_validate(settings)
    given = [caption(Cue(0.0, 1.0, text))]
    (block,) = lay_out(given, Faces([text], look.font_family), look, width, height)
    return ["".join(p.gap + p.text for p in row.pieces) for row in block.rows]


@pytest.mark.parametrize(
    ("band", "column", "alignment"),
    list(
        product(
            ("top", "middle", "bottom"), ("left", "center", "right"), ("left", "center", "right")
        )
    ),
)
def test_ink_is_in_the_cell_at_the_edge_asked_for(band: str, column: str, alignment: str) -> None:
    picture = frame("Hello\nyou", position=f"{band}_{column}", alignment=alignment, font_size=18)
    left, top, right, bottom = box(of_colour(picture, WHITE))
    cell_x = ("left", "center", "right").index(column) * WIDTH / 3
    cell_y = ("top", "middle", "bottom").index(band) * HEIGHT / 3
    assert cell_y <= top
    assert bottom <= cell_y + HEIGHT / 3
    assert cell_x - 3 <= left
    assert right <= cell_x + WIDTH / 3 + 3
    edge = {"left": left, "center": (left + right) / 2, "right": right}[alignment]
    wanted = cell_x + WIDTH / 3 * {"left": 0, "center": 0.5, "right": 1}[alignment]
    safe = safe_area(WIDTH, HEIGHT)
    assert edge == pytest.approx(min(max(wanted, safe.left), safe.right), abs=4)
    anchor = {"top": top - HEIGHT / 6, "bottom": bottom - 5 * HEIGHT / 6}.get(
        band, (top + bottom) / 2 - HEIGHT / 2
    )
    assert abs(anchor) < 9, "the first or last row, or the middle, stands at the line of the cell"


@pytest.mark.parametrize("alignment", ["left", "center", "right"])
def test_x_and_y_replace_the_position(alignment: str) -> None:
    picture = frame("Hello", position="top_left", x=300, y=200, alignment=alignment)
    left, top, right, bottom = box(of_colour(picture, WHITE))
    assert {"left": left, "center": (left + right) / 2, "right": right}[alignment] == pytest.approx(
        300, abs=3
    )
    assert (top + bottom) / 2 == pytest.approx(200, abs=4)


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (400, 400)])
def test_the_default_size_is_5_per_cent_of_the_height(width: int, height: int) -> None:
    _, top, _, bottom = box(of_colour(frame("HI", width, height), WHITE))
    # capitals of Liberation Sans are 1409 of 2048 units high
    assert bottom - top == pytest.approx(0.05 * height * 1409 / 2048, abs=2)


def test_a_size_that_is_asked_for_is_kept() -> None:
    for size in (20, 60):
        _, top, _, bottom = box(of_colour(frame("HI", font_size=size), WHITE))
        assert bottom - top == pytest.approx(size * 1409 / 2048, abs=2)


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (400, 400)])
@pytest.mark.parametrize(
    "text",
    [
        "Tomorrow we will tell them everything that happened to us here, and then we go home.",
        "外面下雨了你听见了吗我们必须马上离开这里否则就来不及了" * 2,
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenfabrikationsanlagenbesitzer",
    ],
)
def test_ink_stays_in_the_safe_area(width: int, height: int, text: str) -> None:
    for style in ("classic", "box"):
        mask = ink(frame(text, width, height, style=style))
        left, top, right, bottom = box(mask)
        safe = safe_area(width, height)
        assert safe.left - 1 <= left
        assert right <= safe.right + 1
        assert safe.top - 1 <= top
        assert bottom <= safe.bottom + 12


def test_upright_film_has_room_for_the_buttons_of_apps() -> None:
    safe = safe_area(1080, 1920)
    assert (safe.left, safe.right) == (108, 972)
    assert safe.bottom == pytest.approx(1920 * 0.84)


def test_rows_are_few_and_about_as_wide_as_each_other() -> None:
    text = "Tomorrow we will tell them everything that happened to us, and then we go."
    rows = rows_of(text, font_size=24)
    assert len(rows) == 2
    assert min(map(len, rows)) > 0.6 * max(map(len, rows))
    assert len(rows_of("外面下雨了你听见了吗我们必须马上离开这里否则就来不及了", font_size=32)) == 2


def test_captions_in_narrow_pictures_take_two_rows_by_default() -> None:
    text = "Tomorrow we will tell them everything that happened"
    assert len(rows_of(text, 360, 640)) == 2
    assert len(rows_of(text, 360, 640, font_size=32)) > 2


def test_own_rows_are_kept_and_words_per_row_limited() -> None:
    assert rows_of("one two\nthree") == ["one two", "three"]
    assert rows_of("one two three four five", max_words_per_line=2) == [
        "one two",
        "three four",
        "five",
    ]
    assert rows_of("我们没有时间", max_words_per_line=4) == ["我们没有", "时间"]


def test_a_text_too_long_for_the_picture_is_made_smaller() -> None:
    text = "word " * 150
    _, top, _, bottom = box(ink(frame(text, font_size=40)))
    assert top > 0
    assert bottom < HEIGHT


@pytest.mark.parametrize("position", ["bottom_center", "middle_center", "top_center"])
def test_simultaneous_captions_are_clear_of_each_other(position: str) -> None:
    cues = [Cue(0.0, 2.0, "FIRST\nCAPTION"), Cue(0.5, 1.5, "SECOND"), Cue(1.0, 2.5, "THIRD")]
    look = CaptionSettings.model_validate({"position": position, "font_size": 24})
    together = draw_captions([caption(c) for c in cues], WIDTH, HEIGHT, look)
    alone = sum(
        int(
            ink(
                drawn_frame(draw_captions([caption(c)], WIDTH, HEIGHT, look), WIDTH, HEIGHT, t)
            ).sum()
        )
        for c, t in zip(cues, (1.2, 1.2, 1.2), strict=True)
    )
    assert int(ink(drawn_frame(together, WIDTH, HEIGHT, 1.2)).sum()) == pytest.approx(
        alone, rel=0.01
    )
    film = drawn_film(together, WIDTH, HEIGHT, 1.0)
    first = box(ink(film[5]))
    assert (ink(film[20]) & ink(film[5])).sum() > 0.95 * ink(film[5]).sum(), "the first one stays"
    assert box(ink(film[20])) != first


def test_captions_one_after_the_other_take_the_same_place() -> None:
    cues = [Cue(0.0, 1.0, "HEHE"), Cue(1.0, 2.0, "HEHE")]
    film = drawn_film(draw_captions([caption(c) for c in cues], WIDTH, HEIGHT), WIDTH, HEIGHT, 2.0)
    assert (film[10] == film[40]).all()


# --- settings that change letters ----------------------------------------------------------------


def test_colours() -> None:
    picture = frame("HHH", font_size=60, line_color="f00", outline_color="Lime", outline_width=6)
    assert of_colour(picture, RED).sum() > 500
    assert of_colour(picture, (0, 255, 0)).sum() > 500
    half = frame("HHH", font_size=60, line_color="#FF000080", outline_width=0)
    assert of_colour(half, (191, 64, 64), 6).sum() > 500


@pytest.mark.parametrize(("width", "grows"), [(0, 0), (4, 8), (10, 20)])
def test_outline_width_is_in_pixels(width: int, grows: int) -> None:
    bare = box(ink(frame("HHH", outline_width=0)))
    left, top, right, bottom = box(ink(frame("HHH", outline_width=width)))
    assert (right - left) - (bare[2] - bare[0]) == pytest.approx(grows, abs=2)
    assert (bottom - top) - (bare[3] - bare[1]) == pytest.approx(grows, abs=2)


def test_shadow_offset_is_in_pixels() -> None:
    bare, shaded = (box(ink(frame("HHH", shadow_offset=n))) for n in (0, 6))
    assert (shaded[2] - bare[2], shaded[3] - bare[3]) == pytest.approx((6, 6), abs=1)
    assert shaded[:2] == pytest.approx(bare[:2], abs=1)


def test_spacing_is_in_pixels_per_letter() -> None:
    bare, spaced = (box(ink(frame("HHHHH", spacing=n, outline_width=0))) for n in (0, 5))
    assert (spaced[2] - spaced[0]) - (bare[2] - bare[0]) == pytest.approx(20, abs=2)


def test_angle_turns_anticlockwise() -> None:
    picture = frame("HHHHHH", angle=90, position="middle_center")
    left, top, right, bottom = box(ink(picture))
    assert bottom - top > 3 * (right - left)
    tilted = ink(frame("HHHHHHHHHH", angle=20, position="middle_center", font_size=30))
    rows, columns = np.nonzero(tilted)
    assert np.corrcoef(rows, columns)[0, 1] < -0.5, "the right end is higher"


def test_bold_and_italic_are_faces_of_the_family() -> None:
    plain, bold, italic = (
        ink(frame("IIII", font_size=60, outline_width=0, **more))
        for more in ({}, {"bold": True}, {"italic": True})
    )
    assert bold.sum() > 1.25 * plain.sum()
    top, bottom = box(italic)[1], box(italic)[3]
    assert box(italic[top : top + 3])[0] > box(italic[bottom - 3 : bottom])[0] + 4, "it leans"


def test_underline_strikeout_and_capitals() -> None:
    plain = ink(frame("nnn", font_size=50, outline_width=0))
    left, top, right, bottom = box(plain)
    under = ink(frame("nnn", font_size=50, outline_width=0, underline=True))
    assert box(under)[3] > bottom
    struck = ink(frame("nnn", font_size=50, outline_width=0, strikeout=True))
    assert any(row[left:right].all() for row in struck[top:bottom])
    capitals = box(ink(frame("nnn", font_size=50, outline_width=0, all_caps=True)))
    assert capitals == box(ink(frame("NNN", font_size=50, outline_width=0)))


def test_markup_of_srt_is_drawn() -> None:
    srt = "1\n00:00:00,000 --> 00:00:01,000\n{}\n"
    look = CaptionSettings(font_size=60, outline_width=0)

    def drawn(text: str) -> Picture:
        given = parse_given(srt.format(text), 1.0).captions
        return ink(drawn_frame(draw_captions(given, WIDTH, HEIGHT, look), WIDTH, HEIGHT, 0.5))

    assert drawn("<b>IIII</b>").sum() > 1.25 * drawn("IIII").sum()
    assert box(drawn("<u>nnn</u>"))[3] > box(drawn("nnn"))[3]
    assert (drawn("{\\fs200}{\\pos(9,9)}nnn") == drawn("nnn")).all()


@pytest.mark.parametrize(
    "text", [r"{\fs200}x", r"{\p1}m 0 0", r"a\Nb\nc\hd", r"{\alpha&HFF&}x", "\\", "{}", "{unclosed"]
)
def test_hostile_text_is_drawn_as_it_stands(text: str) -> None:
    _, top, _, bottom = box(ink(frame(text, font_size=24)))
    assert 6 < bottom - top < 40, "one row of its usual size"


# --- fonts ---------------------------------------------------------------------------------------


def test_measured_widths_are_those_that_are_drawn() -> None:
    for text in ("AVAVAV Tomorrow, filing", "我们没有时间了", "أين كنت يا صديقي", "Hello 你好 we"):
        look = CaptionSettings(font_size=40, outline_width=0)
        given = caption(Cue(0.0, 1.0, text))
        (block,) = lay_out([given], Faces([text], "Arial"), look, WIDTH, HEIGHT)
        left, _, right, _ = box(ink(frame(text, font_size=40, outline_width=0)))
        assert right - left == pytest.approx(block.width, abs=7), text


def test_each_script_has_a_font() -> None:
    drawing = draw_captions([caption(Cue(0, 1, "Hello 你好"))], WIDTH, HEIGHT)
    assert {f.family for f in drawing.fonts} >= {
        find_font("Hello", "Arial").family,
        find_font("你好").family,
    }


@pytest.mark.skipif(
    not {"Noto Sans CJK JP", "Noto Sans CJK SC"} <= set(fonts()), reason="Noto Sans CJK is absent"
)
@pytest.mark.parametrize(
    ("text", "language", "family"),
    [("直しましょう", None, "JP"), ("直", "ja", "JP"), ("直", None, "SC"), ("직", "ko", "KR")],
)
def test_each_language_has_its_forms_of_han(text: str, language: str | None, family: str) -> None:
    drawing = draw_captions([caption(Cue(0, 1, text))], WIDTH, HEIGHT, language=language)
    assert f"Noto Sans CJK {family}" in {f.family for f in drawing.fonts}


def test_emoji_are_left_out_and_said() -> None:
    drawing = draw_captions([caption(Cue(0, 1, "Hi 👨‍👩‍👧 you 🙂!"))], WIDTH, HEIGHT)
    assert "emoji left out" in drawing.warnings[0]
    assert "Hi you!" in drawing.document.replace("\u200d", "") or "Hi you !" in drawing.document
    assert "👨" not in drawing.document
    with pytest.raises(NothingToDo):
        draw_captions([caption(Cue(0, 1, "🙂"))], WIDTH, HEIGHT)


def test_fonts_that_are_not_there_are_an_error() -> None:
    with pytest.raises(UnknownFont, match="'Nonesuch' is not available") as raised:
        frame("Hello", font_family="Nonesuch")
    assert "Liberation Sans" in raised.value.available or raised.value.available
    with pytest.raises(FontMissing, match="Debian package"):
        frame("\U00018b00\U00012000")


def test_long_captions_of_word_styles_come_in_groups_of_two_rows() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve " * 3
    look = CaptionSettings(style="highlight", font_size=40)
    given = estimated(caption(Cue(0.0, 9.0, text)))
    blocks = lay_out([given], Faces([text], "Arial"), look, WIDTH, HEIGHT)
    assert len(blocks) > 2
    assert all(len(b.rows) <= 2 for b in blocks)
    assert [b.end for b in blocks[:-1]] == [b.start for b in blocks[1:]]
    words = [p.text for b in blocks for row in b.rows for p in row.pieces]
    assert words == text.split()
