"""Choosing the captions among all text."""

from __future__ import annotations

from dataclasses import replace

from media_pipeline.stages.captions.layout import Showing
from media_pipeline.stages.captions.main_track import main_track
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline_tests.stages.captions.showings import CORNER, LOWER, shown
from media_pipeline_tests.stages.captions.strips import TEXT, WIDTH

LOOKS = ["他今天会来", "我明白你说", "一二三四五", "没有人知道", "快跑吧你们", "天下无不散"]


def captions(count: int = 6) -> list[Showing]:
    return [shown(3.0 * i, 3.0 * i + 2, f"第{i}句话是这样的", as_=LOOKS[i]) for i in range(count)]


def test_a_mark_for_the_whole_film_is_left_out() -> None:
    mark = shown(0.0, 18.0, "@光影放映室", CORNER)
    assert main_track([*captions(), mark], 18.0, WIDTH) == captions()


def test_so_is_one_that_was_lost_and_found_and_read_in_two_ways() -> None:
    marks = [
        shown(3.0 * i, 3.0 * i + 2.9, t, CORNER, as_="光影放映室")
        for i, t in enumerate(["光影放映室", "光影放映空"] * 3)
    ]
    assert main_track([*captions(), *marks], 18.0, WIDTH) == captions()


def test_captions_that_are_said_again_and_again_stay() -> None:
    rounds = [
        replace(s, start=s.start + 60 * i, end=s.end + 60 * i)
        for i in range(20)
        for s in captions()
    ]
    assert main_track(rounds, 1200.0, WIDTH) == rounds


def test_a_sign_seen_for_a_moment_is_left_out() -> None:
    sign = shown(4.0, 5.0, "出口", CORNER)
    assert sign not in main_track([*captions(), sign], 18.0, WIDTH)
    assert len(main_track([*captions(), sign], 18.0, WIDTH)) == 6


def test_both_rows_of_bilingual_captions_stay() -> None:
    second = [
        shown(s.start, s.end, f"This is sentence {i}", LOWER, as_=LOOKS[i])
        for i, s in enumerate(captions())
    ]
    assert len(main_track([*captions(), *second], 18.0, WIDTH)) == 12


def test_the_only_caption_of_a_short_film_stays() -> None:
    only = [shown(0.2, 5.8, "只有这一句")]
    assert main_track(only, 6.0, WIDTH) == only


def test_a_film_with_nothing_but_a_mark_has_no_captions() -> None:
    assert main_track([shown(0.0, 60.0, "频道标志", CORNER)], 60.0, WIDTH) == []


def test_no_rows_are_no_captions() -> None:
    assert main_track([], 10.0, WIDTH) == []


def test_a_headline_that_stays_longer_than_it_takes_to_read_is_left_out() -> None:
    headlines = [
        shown(0.0, 30.0, "多地迎来返程高峰", CORNER, as_=LOOKS[0]),
        shown(30.0, 60.0, "科学家发现新的行星", CORNER, as_=LOOKS[1]),
    ]
    assert main_track([*captions(), *headlines], 60.0, WIDTH) == captions()


def moved(box: PixelBox, across: int, down: int) -> PixelBox:
    return PixelBox(box.left + across, box.top + down, box.right + across, box.bottom + down)


def test_a_sign_that_moves_with_the_camera_makes_no_captions() -> None:
    pieces = [
        shown(0.6 * i, 0.6 * i + 0.5, text, moved(CORNER, i % 3, i % 5), as_=LOOKS[0])
        for i, text in enumerate(["北京西路", "北京西路一", "北京西路"] * 4)
    ]
    assert main_track(pieces, 18.0, WIDTH) == []
    assert main_track([*captions(), *pieces], 18.0, WIDTH) == captions()


def test_signs_that_happen_to_stand_below_each_other_are_no_captions() -> None:
    signs = [
        shown(5.0 * i, 5.0 * i + 2, text, moved(CORNER, 0, 8 * i), as_=LOOKS[i])
        for i, text in enumerate(["出口", "北京西路", "小心地滑"])
    ]
    assert main_track(signs, 18.0, WIDTH) == []


def test_few_texts_are_captions_where_they_are_centred_and_outlive_shots() -> None:
    centred = shown(3.0, 5.0, "三年以后", moved(TEXT, 20, 0))
    aside = shown(3.0, 5.0, "三年以后", CORNER)
    of_shot = replace(centred, row=replace(centred.row, of_shot=True))
    assert main_track([centred], 60.0, WIDTH) == [centred]
    assert main_track([aside], 60.0, WIDTH) == []
    assert main_track([of_shot], 60.0, WIDTH) == []


def test_captions_may_change_their_height() -> None:
    higher = shown(20.0, 22.0, "这一句在上面", moved(TEXT, 0, -34))
    assert higher in main_track([*captions(), higher], 30.0, WIDTH)
