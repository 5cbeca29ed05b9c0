"""Repairing split tracks, putting rows together."""

from __future__ import annotations

from media_pipeline.stages.captions.layout import group_rows, join_split
from media_pipeline_tests.stages.captions.showings import LOWER, row, shown

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
