"""Captions in the black bars of wide films."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.stages.detext import remove_captions
from media_pipeline.stages.detext.bars import bar_rows, only_in_bar
from media_pipeline.stages.detext.removal import Shown
from media_pipeline.stages.remake import remake
from media_pipeline_tests.generators.captions import draw_text
from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.video import write_video

WIDTH, HEIGHT, BAR = 320, 200, 164
ROW = Box(0.2, 168 / HEIGHT, 0.6, 20 / HEIGHT)


def test_nothing_of_the_picture_gets_into_a_bar_from_which_a_caption_is_taken(
    tmp_path: Path,
) -> None:
    clean = [p.copy() for p in islice(pictures("hand", (WIDTH, HEIGHT), 25), 20)]
    for number, picture in enumerate(clean):
        picture[:] = np.roll(picture, 3 * number, axis=0)  # what moves over the bar's border
        picture[BAR:] = 0
    shown = [p.copy() for p in clean]
    for picture in shown:
        draw_text(picture, "Where have you been", 66, 168, 20)
    write_video(tmp_path / "film.mp4", shown)
    remake(
        tmp_path / "film.mp4",
        probe(tmp_path / "film.mp4"),
        tmp_path / "out.mp4",
        lambda c: remove_captions(c, [Shown(0.0, 0.8, (ROW,))]),
        crf=10,
    )
    found = np.stack([frame.luma for frame in decode(tmp_path / "out.mp4")])
    assert found[:, BAR + 4 :].max() < 30, "16 is black; letters have 235, the picture up to that"


def test_a_dark_row_within_the_picture_is_no_bar() -> None:
    picture = np.full((60, 80, 3), (120, 128, 128), np.uint8)
    picture[30:50] = (16, 128, 128)
    assert not bar_rows([picture], [[]]).any()
    picture[50:] = (16, 128, 128)
    assert bar_rows([picture], [[]]).nonzero()[0].tolist() == list(range(30, 60))
    lit = picture.copy()
    lit[45] = (90, 128, 128)
    assert bar_rows([picture, lit], [[], []]).nonzero()[0].tolist() == list(range(46, 60))


def test_rows_that_letters_cover_are_judged_by_what_is_beside_them() -> None:
    picture = np.full((60, 200, 3), (16, 128, 128), np.uint8)
    picture[:20] = (120, 128, 128)
    picture[26:46, 40:160] = (235, 128, 128)
    assert bar_rows([picture], [[(40, 26, 160, 46)]]).nonzero()[0].tolist() == list(range(20, 60))


def test_the_edge_of_the_picture_above_a_caption_in_a_bar_is_not_part_of_it() -> None:
    bar = np.arange(60) >= 20
    mask = np.zeros((60, 200), np.bool_)
    mask[16:50, 40:160] = True
    assert only_in_bar(mask, [(40, 22, 160, 46)], bar).nonzero()[0].min() == 20
    assert only_in_bar(mask, [(40, 4, 160, 26)], bar).nonzero()[0].min() == 16
