"""Boxes and rows."""

from __future__ import annotations

from media_pipeline.ocr.base import TextBox
from media_pipeline.stages.captions.rows import PixelBox, join_rows


def test_pieces_of_one_line_become_one_row() -> None:
    pieces = [TextBox(200, 50, 300, 75), TextBox(330, 52, 420, 76), TextBox(60, 20, 90, 40)]
    assert join_rows(pieces, 8) == [PixelBox(60, 20, 90, 40), PixelBox(200, 50, 420, 76)]


def test_what_stands_far_away_on_the_same_line_is_another_row() -> None:
    caption, mark = TextBox(200, 50, 300, 75), TextBox(560, 50, 630, 75)
    assert len(join_rows([caption, mark], 8)) == 2


def test_a_tall_thing_behind_a_caption_is_no_part_of_it() -> None:
    caption, thing = TextBox(200, 50, 300, 75), TextBox(305, 5, 360, 85)
    assert PixelBox(200, 50, 300, 75) in join_rows([caption, thing], 8)


def test_rows_too_low_to_be_read_are_left_out() -> None:
    assert join_rows([TextBox(10, 10, 60, 17)], 8) == []


def test_the_covered_share_is_of_the_box_itself() -> None:
    small, large = PixelBox(10, 0, 20, 10), PixelBox(0, 0, 40, 10)
    assert small.covered(large) == 1.0
    assert large.covered(small) == 0.25
    assert small.covered(PixelBox(30, 0, 40, 10)) == 0.0


def test_a_margin_ends_at_the_edges() -> None:
    assert PixelBox(5, 2, 95, 48).padded(10, 5, 100, 50) == PixelBox(0, 0, 100, 50)


def test_a_row_that_has_stood_alone_is_no_part_of_one_that_comes_beside_it() -> None:
    mark = PixelBox(300, 10, 380, 40)
    caption, both = TextBox(100, 10, 280, 40), TextBox(100, 10, 382, 40)
    again = TextBox(298, 9, 381, 41)
    assert join_rows([caption, again], 8, [mark]) == [PixelBox(100, 10, 280, 40)]
    assert join_rows([both], 8, [mark]) == [PixelBox(100, 10, 300, 40)]
    assert join_rows([again], 8, [mark]) == []
    assert join_rows([caption, again], 8) == [PixelBox(100, 9, 381, 41)]
