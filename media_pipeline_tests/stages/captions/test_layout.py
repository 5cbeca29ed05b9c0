"""Repairing split tracks, choosing the main track, putting rows together."""

from __future__ import annotations

import numpy as np

from media_pipeline.stages.captions.layout import Showing, group_rows, join_split, main_track
from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.template import Template, high_pass
from media_pipeline_tests.stages.captions.strips import TEXT, crop, strip

LOWER = PixelBox(160, 72, 280, 88)
CORNER = PixelBox(400, 8, 470, 26)


def look(text: str) -> np.ndarray:
    return np.rint(Template(high_pass(crop(strip(text)))).mean).astype(np.int8)


def row(
    start: int,
    end: int,
    text: str,
    box: PixelBox = TEXT,
    *,
    shown: str | None = None,
    sure: float = 0.99,
) -> Row:
    picture = look(shown or text)
    return Row(start, end, text, sure, (sure,) * len(text), box, box, picture, b"")


def shown(start: float, end: float, text: str, box: PixelBox = TEXT, *, as_: str = "") -> Showing:
    """A row at a time in seconds; ``as_`` is what it looks like, if that is not what was read."""
    return Showing(start, end, row(0, 0, text, box, shown=as_ or text[:5]))


# --- joining ----------------------------------------------------------------------------------


def test_halves_of_one_caption_are_joined() -> None:
    (joined,) = join_split([row(10, 40, "他今天会来"), row(42, 80, "他今天会来")])
    assert (joined.start, joined.end, joined.text) == (10, 80, "他今天会来")


def test_a_space_more_or_less_is_no_difference() -> None:
    assert len(join_split([row(10, 40, "快跑 他们来了"), row(41, 80, "快跑他们来了")])) == 1


def test_the_same_text_after_a_pause_is_another_caption() -> None:
    assert len(join_split([row(10, 40, "没有"), row(44, 80, "没有")])) == 2


def test_the_same_text_in_another_row_is_another() -> None:
    assert len(join_split([row(10, 40, "没有"), row(41, 80, "没有", LOWER)])) == 2


def test_one_character_makes_another_short_caption() -> None:
    assert len(join_split([row(10, 40, "他今天会来"), row(41, 80, "他明天会来")])) == 2


def test_a_misread_character_of_a_long_one_is_joined_when_it_looks_the_same() -> None:
    text, misread = "Where have you been all night?", "Where have you heen all night?"
    first, second = row(10, 40, text), row(41, 80, misread, shown=text, sure=0.7)
    assert [r.text for r in join_split([first, second])] == [text]


def test_but_not_when_both_are_sure_or_it_looks_different() -> None:
    one, other = "It costs $3.50, not $3.60.", "It costs $3.50, not $3.80."
    assert len(join_split([row(10, 40, one), row(41, 80, other, shown=one)])) == 2
    unsure = row(41, 80, other, shown="我明白你说", sure=0.7)
    assert len(join_split([row(10, 40, one, shown="他今天会来"), unsure])) == 2


# --- the main track -----------------------------------------------------------------------------


LOOKS = ["他今天会来", "我明白你说", "一二三四五", "没有人知道", "快跑吧你们", "天下无不散"]


def captions(count: int = 6) -> list[Showing]:
    return [shown(3.0 * i, 3.0 * i + 2, f"第{i}句话是这样的", as_=LOOKS[i]) for i in range(count)]


def test_a_mark_for_the_whole_film_is_left_out() -> None:
    mark = shown(0.0, 18.0, "@光影放映室", CORNER)
    assert main_track([*captions(), mark], 18.0) == captions()


def test_so_is_one_that_was_lost_and_found_and_read_in_two_ways() -> None:
    marks = [
        shown(3.0 * i, 3.0 * i + 2.9, t, CORNER, as_="光影放映室")
        for i, t in enumerate(["光影放映室", "光影放映空"] * 3)
    ]
    assert main_track([*captions(), *marks], 18.0) == captions()


def test_a_sign_seen_for_a_moment_is_left_out() -> None:
    sign = shown(4.0, 5.0, "出口", CORNER)
    assert sign not in main_track([*captions(), sign], 18.0)
    assert len(main_track([*captions(), sign], 18.0)) == 6


def test_both_rows_of_bilingual_captions_stay() -> None:
    second = [
        shown(s.start, s.end, f"This is sentence {i}", LOWER, as_=LOOKS[i])
        for i, s in enumerate(captions())
    ]
    assert len(main_track([*captions(), *second], 18.0)) == 12


def test_the_only_caption_of_a_short_film_stays() -> None:
    only = [shown(0.2, 5.8, "只有这一句")]
    assert main_track(only, 6.0) == only


def test_a_film_with_nothing_but_a_mark_has_no_captions() -> None:
    assert main_track([shown(0.0, 60.0, "频道标志", CORNER)], 60.0) == []


def test_no_rows_are_no_captions() -> None:
    assert main_track([], 10.0) == []


# --- rows together ------------------------------------------------------------------------------


def test_rows_that_come_and_go_together_are_one_cue_from_top_to_bottom() -> None:
    lower, upper = shown(1.0, 3.0, "Hello", LOWER), shown(1.04, 3.0, "你好")
    (group,) = group_rows([lower, upper])
    assert group.text == "你好\nHello"
    assert (group.start, group.end) == (1.0, 3.0)


def test_a_row_that_stays_while_the_other_changes_is_a_cue_of_its_own() -> None:
    stays = shown(0.0, 4.0, "歌词第一行")
    groups = group_rows([stays, shown(0.0, 2.0, "second", LOWER), shown(2.0, 4.0, "third", LOWER)])
    assert sorted(g.text for g in groups) == ["second", "third", "歌词第一行"]


def test_cues_that_follow_each_other_on_a_line_are_not_put_together() -> None:
    groups = group_rows(
        [shown(0.0, 2.0, "一"), shown(2.0, 4.0, "二"), shown(1.9, 4.0, "三", LOWER)]
    )
    assert [g.text for g in groups] == ["一", "二\n三"]
