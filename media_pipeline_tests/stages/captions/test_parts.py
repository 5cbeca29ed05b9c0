"""A film read in parts gives what it gives as a whole, and what it gives without stretches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import PartsDiffer
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.ocr.base import Picture, Reading, TextBox
from media_pipeline.stages.base import Work
from media_pipeline.stages.captions import OCR_CUES, Params, stretches
from media_pipeline.stages.captions.parts import cut
from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.scan import Counts, Scan
from media_pipeline.stages.captions.stretches import Stretch, put_together, read_stretches, spans
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.artifacts import assert_same, run_split, run_stage
from media_pipeline_tests.generators.captions import Film, Mark, Style, make_clip

LENGTH = 7.0


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that films of half a minute have several."""
    monkeypatch.setattr(stretches, "STRETCH_S", LENGTH)


TALK = [
    Cue(0.6, 2.2, "他今天会来"),
    Cue(2.6, 4.8, "我在公司加班"),
    Cue(5.4, 9.0, "快走，他们追上来了"),  # over a border
    Cue(9.0, 11.0, "快走，他们追上来吧"),
    Cue(12.0, 14.0, "这是第10号实验室"),  # up to one
    Cue(14.0, 16.0, "你听见了没有"),  # from one
    Cue(16.5, 27.0, "这句话说了很久很久"),  # from before one to beyond what is read after it
    Cue(27.4, 28.6, "再见"),
]
FILMS = {
    "a mark and a ticker": Film(
        TALK,
        29.0,
        rate=10,
        marks=(
            Mark("光影放映室", 0.78, 0.80, 0.05, 0.8),
            Mark("本台消息：今日天气晴朗，请注意防晒。", 1.0, 0.76, 0.05, 1.0, 0.15),
        ),
    ),
    "fades over borders": Film(
        [
            Cue(1.0, 3.0, "Where have you been?"),
            Cue(6.6, 7.6, "I was here"),
            Cue(13.2, 14.6, "all of the night"),
            Cue(20.7, 22.7, "with my dog"),
            Cue(23.0, 25.0, "and my cat."),
        ],
        28.5,
        rate=10,
        style=Style(size=0.07, fade=0.5, family="Liberation Sans"),
    ),
    "rolling credits": Film(
        [Cue(1.0, 4.0, "片尾字幕开始"), Cue(5.0, 8.4, "谢谢大家观看"), Cue(9.0, 12.0, "明天再见")],
        28.5,
        rate=10,
        marks=tuple(
            Mark(f"Camera {n}  John A. Smith", 0.3, 1.05, 0.05, rise=0.12, start=12.0 + 2 * n)
            for n in range(4)
        ),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_parts_give_the_same_artifact(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_clip(tmp_path / "film.mp4", FILMS[name])
    params = Params(roi=[[0.7, 1.0], [0.0, 1.0]], engine="rapidocr")
    whole = run_stage(OCR_CUES, film.path, tmp_path / "whole", params=params)
    for longest in (8.0, 15.0):
        split, parts = run_split(
            OCR_CUES, film.path, tmp_path / f"split {longest}", longest, params=params
        )
        assert len(parts) == (4 if longest == 8.0 else 2)
        assert_same(whole, split)
    # And without any stretches: the same captions at the same times.
    monkeypatch.setattr(stretches, "STRETCH_S", 1e6)
    plain = run_stage(OCR_CUES, film.path, tmp_path / "plain", params=params)
    for column in ("start", "end", "text", "doubtful"):
        table, other = (one.table("cues.parquet")[column].to_pylist() for one in (whole, plain))
        assert table == other, column
    assert len(film.cues) == whole.facts["cues"]


# --- putting together -----------------------------------------------------------------------------


def test_films_of_less_than_two_stretches_are_one() -> None:
    assert spans(13.9) == [(0.0, float("inf"))]
    assert spans(14.0) == [(0.0, 7.0), (7.0, float("inf"))]
    assert spans(0.0) == [(0.0, float("inf"))]


def row(start: int, end: int, text: str = "abc", left: int = 10, confidence: float = 0.9) -> Row:
    box = PixelBox(left, 5, left + 50, 25)
    look = np.zeros((20, 50), np.int8)
    return Row(start, end, text, confidence, (confidence,) * len(text), box, box, look, b"")


def stretch(number: int, rows: Sequence[Row], count: int = 300) -> Stretch:
    """One of a film of ten frames a second; its rows by the film's numbers."""
    span = spans(count / 10)[number]
    begin, until = stretches.around(span)
    times = np.arange(count) / 10
    seen = times[(times >= begin) & (times < until)]
    first = round(seen[0] * 10)
    own = [replace(one, start=one.start - first, end=one.end - first) for one in rows]
    checks = (seen * 10).round().astype(np.uint32)
    return Stretch(span, seen, checks, own, Counts(len(seen), 1, 1, 1, 1), (400, 80))


def numbers(parts: Sequence[Stretch]) -> list[tuple[int, int, str]]:
    whole = put_together(parts, 5)
    return [(s.row.start, s.row.end, s.row.text) for s in whole.showings]


def test_a_row_over_a_border_is_that_of_the_stretch_in_which_it_begins() -> None:
    first = stretch(0, [row(20, 30, "before"), row(60, 90, "over"), row(100, 120, "after")])
    second = stretch(1, [row(58, 90, "0ver"), row(100, 120, "after"), row(139, 150, "last")])
    third = stretch(2, [row(139, 150, "last")])
    assert numbers([first, second, third, stretch(3, [])]) == [
        (20, 30, "before"),
        (60, 90, "over"),
        (100, 120, "after"),
        (139, 150, "last"),
    ]


def test_a_row_that_stands_for_long_is_one() -> None:
    parts = [
        stretch(0, [row(50, 149)]),
        stretch(1, [row(30, 219)]),
        stretch(2, [row(100, 289)]),
        stretch(3, [row(170, 299)]),
    ]
    whole = put_together(parts, 5)
    (one,) = whole.showings
    assert (one.row.start, one.row.end) == (50, 299)
    assert one.start == 5.0 and one.end == pytest.approx(30.0)
    assert whole.duration == pytest.approx(30.0)
    assert whole.counts == Counts(300, 4, 4, 4, 4)


def test_scans_that_differ_on_where_a_row_begins_neither_lose_nor_double_it() -> None:
    early, late = row(69, 90), row(71, 90)
    assert numbers([stretch(0, [early], 140), stretch(1, [late], 140)]) == [(69, 90, "abc")]
    assert numbers([stretch(0, [late], 140), stretch(1, [early], 140)]) == [(71, 90, "abc")]
    assert numbers([stretch(0, [late], 140), stretch(1, [late], 140)]) == [(71, 90, "abc")]


def test_stretches_that_saw_other_pictures_are_refused() -> None:
    first, second = stretch(0, [], 140), stretch(1, [], 140)
    put_together([first, second], 5)
    for wrong in (
        replace(second, checks=second.checks + 1),
        replace(second, times=second.times + 0.01),
        replace(second, size=(399, 80)),
        replace(second, times=second.times[50:], checks=second.checks[50:]),
    ):
        with pytest.raises(PartsDiffer):
            put_together([first, wrong], 5)


class Blind:
    """An engine that finds nothing."""

    name = "blind"

    def detect(self, picture: Picture) -> list[TextBox]:
        return []

    def recognise(self, pictures: Sequence[Picture]) -> list[Reading]:
        raise NotImplementedError


def test_stretches_are_the_same_whoever_reads_them(tmp_path: Path) -> None:
    """In one pass, or each from a search for its beginning."""
    film = make_clip(tmp_path / "film.mp4", Film([], 22.0, size=(160, 90), rate=10))
    wanted = spans(22.0)
    assert len(wanted) == 3

    def read(some: Sequence[tuple[float, float]]) -> list[Stretch]:
        start, end = stretches.around(some[0])[0], stretches.around(some[-1])[1]
        frames = decode(
            film.path,
            region=Box.from_roi([[0.5, 1.0], [0.0, 1.0]]),
            start=start,
            end=None if np.isinf(end) else end,
        )
        return read_stretches(frames, some, lambda: Scan(Blind(), 5, "ch"))

    whole = read(wanted)
    for some in (wanted[:1], wanted[1:2], wanted[1:], wanted[2:]):
        for one in read(some):
            (same,) = (other for other in whole if other.span == one.span)
            assert np.array_equal(one.times, same.times)
            assert np.array_equal(one.checks, same.checks)
            assert one.counts == same.counts
    assert put_together(whole, 5).counts.frames == 220


def test_films_that_are_not_long_enough_are_not_cut(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", Film([], 12.0, size=(160, 90), rate=10)).path
    work = Work(film, probe(film), {}, Params(), tmp_path)
    assert cut(work, 3.0) == []
    assert cut(replace(work, info=work.info.model_copy(update={"duration": 50.0})), 60.0) == []
    tasks = cut(replace(work, info=work.info.model_copy(update={"duration": 50.0})), 20.0)
    assert [(task["first"], task["last"]) for task in tasks] == [(0, 2), (2, 5), (5, 7)]
