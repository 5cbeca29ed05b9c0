"""The gate before the detector."""

from __future__ import annotations

import pytest

from media_pipeline.stages.captions.signature import ChangeGate, is_cut
from media_pipeline_tests.stages.captions.strips import TEXT, Luma, strip


def before(shift: int, text: str) -> list[Luma]:
    """Strips of the frames before one, on a ground that moves by four pixels a frame."""
    return [strip(text, shift=shift - 4 * frames) for frames in (1, 2, 4)]


@pytest.fixture
def gate() -> ChangeGate:
    gate = ChangeGate()
    assert gate.changed(strip(), [strip()] * 3, []), "the first sample has to be looked at"
    gate.looked(strip())
    return gate


def test_a_still_ground_is_no_change(gate: ChangeGate) -> None:
    assert not gate.changed(strip(), [strip()] * 3, [])


def test_text_that_stands_is_a_change(gate: ChangeGate) -> None:
    assert gate.changed(strip("他今天会来"), [strip("他今天会来")] * 3, [])


def test_a_single_short_word_is_a_change(gate: ChangeGate) -> None:
    assert gate.changed(strip("好！"), [strip("好！")] * 3, [])


def test_text_in_a_known_place_is_none(gate: ChangeGate) -> None:
    place = TEXT.padded(12, 12, 480, 90)
    assert not gate.changed(strip("他今天会来"), [strip("他今天会来")] * 3, [place])


def test_a_moving_ground_is_mostly_no_change(gate: ChangeGate) -> None:
    shifts = range(30, 230, 10)
    fired = [gate.changed(strip(shift=s), before(s, ""), []) for s in shifts]
    assert sum(fired) <= 0.2 * len(shifts)


def test_text_on_a_moving_ground_is_a_change(gate: ChangeGate) -> None:
    shifts = range(30, 230, 10)
    text = "他今天会来"
    assert all(gate.changed(strip(text, shift=s), before(s, text), []) for s in shifts)


def test_a_cut_changes_the_picture_beside_the_text() -> None:
    one, moved, other = (
        strip("他今天会来"),
        strip("他今天会来", shift=2),
        strip("他今天会来", seed=5),
    )
    assert is_cut(one, other, TEXT)
    assert not is_cut(one, moved, TEXT)
    assert not is_cut(strip(), one, TEXT)
