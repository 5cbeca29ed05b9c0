"""Sheets and charts show what they are given, at any length, in every script, within their size."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media_pipeline.errors import FontMissing
from media_pipeline.media.fonts import find_font
from media_pipeline.report import charts, lettering
from media_pipeline.report.pictures import MAX_BYTES, as_jpeg, cue_sheet, frame_sheet, spread
from media_pipeline.text.cues import Cue, Word
from media_pipeline_tests.generators.lakes import picture

CUES = [Cue(i * 3.0, i * 3.0 + 2.0, f"caption {i}\nsecond row") for i in range(8)]
WORDS = [Word(i * 1.0, i + 0.6, f"w{i}", 0.9, "x") for i in range(24)]
TIMES = np.arange(0, 24, 0.1)
CURVE = charts.Curve(TIMES, np.sin(TIMES).astype(np.float32))
HIGHLIGHTS = [charts.Highlight(3, 9, 0.7, ("Motion",)), charts.Highlight(15, 20, 0.4)]


def opened(data: bytes) -> np.ndarray:
    """The picture as an array; small enough, and not of one colour."""
    assert len(data) <= MAX_BYTES
    array = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert array.std() > 3
    return array


@pytest.fixture
def shots(tmp_path: Path) -> list[charts.Shot]:
    made = []
    for number in range(8):
        path = tmp_path / f"{number}.jpg"
        picture(number).save(path)
        made.append(charts.Shot(number * 3.0, number * 3.0 + 3.0, path))
    return made


def test_spread_takes_both_ends() -> None:
    assert spread(5, 10) == [0, 1, 2, 3, 4]
    assert spread(100, 5) == [0, 25, 50, 74, 99]
    assert spread(0, 5) == []


def test_the_cue_sheet_shows_crops_beside_texts(tmp_path: Path) -> None:
    crop = tmp_path / "crop.png"
    Image.new("RGB", (400, 40), (255, 0, 0)).save(crop)
    with_crop = opened(cue_sheet(CUES[:2], [crop, None]))
    without = opened(cue_sheet(CUES[:2], [None, None]))
    changed = np.abs(with_crop - without).sum(axis=2) > 100
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 0.8 * 400 * 40
    assert rows.max() < with_crop.shape[0] / 2
    assert columns.min() > 100
    other = opened(cue_sheet([CUES[0], Cue(3, 5, "another text")], [None, None]))
    assert (np.abs(other - without).sum(axis=2) > 100)[:, columns.max() :].sum() > 100


def test_doubtful_cues_are_marked_and_never_left_out() -> None:
    cues = [Cue(i, i + 1, "text", 0.3 if i == 57 else 0.9, doubtful=i == 57) for i in range(100)]
    plain = [replace(cue, doubtful=False) for cue in cues]
    marked, without = opened(cue_sheet(cues, [None] * 100)), opened(cue_sheet(plain, [None] * 100))
    bar = np.abs(marked[:, :5] - np.array([176, 92, 0])).sum(axis=(1, 2)) < 300
    assert 60 <= bar.sum() <= 70  # one row of 24
    assert not (np.abs(without[:, :5] - np.array([176, 92, 0])).sum(axis=(1, 2)) < 300).any()


@pytest.mark.slow
def test_the_cue_sheet_is_bounded(tmp_path: Path) -> None:
    many = [Cue(i, i + 1, f"caption number {i}") for i in range(5000)]
    crops = [tmp_path / f"{i}.jpg" for i in range(5000)]
    for index in spread(5000, 24):
        picture(index, 700, 60).save(crops[index])
    began = time.process_time()
    sheet = opened(cue_sheet(many, list(crops)))
    assert time.process_time() - began < 2.0
    assert sheet.shape[0] < 24 * 70 + 60


def test_pictures_that_cannot_be_read_leave_their_place_empty(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    sheet = frame_sheet([(tmp_path / "broken.jpg", "a"), (picture(1), "b")], columns=2)
    array = opened(sheet)
    left, right = np.array_split(array[10:150], 2, axis=1)
    assert left.std() < right.std()


def test_arrays_are_taken_as_bgr() -> None:
    blue = np.zeros((90, 160, 3), np.uint8)
    blue[:, :, 0] = 255
    array = opened(frame_sheet([(blue, "blue")], width=160))
    assert array[50, 80].tolist()[2] > 200
    assert array[50, 80].tolist()[0] < 60


def test_jpegs_are_made_to_fit() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (900, 1600, 3), dtype=np.uint8)
    assert 10_000 < len(as_jpeg(Image.fromarray(noise), 60_000)) <= 60_000


def test_the_timeline_shows_each_lane(shots: list[charts.Shot]) -> None:
    given = {
        "cues": CUES,
        "words": WORDS,
        "curve": CURVE,
        "shots": shots,
    }
    heights = []
    for count in range(len(given) + 1):
        some = dict(list(given.items())[:count])
        heights.append(opened(charts.timeline(24.0, **some)).shape[0])  # type: ignore[arg-type]
    assert heights[1:] == sorted(set(heights[1:]))
    plain = opened(charts.timeline(24.0, cues=CUES, curve=CURVE))
    marked = opened(charts.timeline(24.0, cues=CUES, curve=CURVE, highlights=HIGHLIGHTS))
    columns = np.nonzero(np.abs(plain - marked).sum(axis=(0, 2)))[0] / plain.shape[1]
    assert columns.min() == pytest.approx(0.07 + 0.915 * 3 / 24, abs=0.01)
    assert columns.max() == pytest.approx(0.07 + 0.915 * 20 / 24, abs=0.01)


def test_doubtful_cues_have_a_colour_of_their_own() -> None:
    plain = opened(charts.timeline(24.0, cues=CUES))
    marked = opened(charts.timeline(24.0, cues=[replace(CUES[0], doubtful=True), *CUES[1:]]))
    changed = np.nonzero(np.abs(marked - plain).sum(axis=2) > 60)[1]
    assert len(changed) > 500
    assert changed.max() < marked.shape[1] / 4  # the first of eight


def test_a_long_film_is_drawn_as_quickly(shots: list[charts.Shot]) -> None:
    cues = [Cue(i * 2.0, i * 2.0 + 1.5, "x") for i in range(5000)]
    words = [Word(i * 0.4, i * 0.4 + 0.3, "x", 1, "x") for i in range(25000)]
    times = np.arange(0, 10000, 0.1)
    curve = charts.Curve(times, np.sin(times).astype(np.float32))
    charts.timeline(1.0)  # matplotlib is imported
    began = time.process_time()
    opened(charts.timeline(10000.0, cues=cues, words=words, curve=curve, shots=shots))
    assert time.process_time() - began < 2.0


def test_the_waveform_follows_the_sound() -> None:
    sound = np.zeros(48000, np.float32)
    sound[24000:] = np.sin(np.arange(24000) / 5)
    array = opened(charts.waveform(sound, 3.0))
    lane = array[
        : int(array.shape[0] * 0.7), int(array.shape[1] * 0.1) : int(array.shape[1] * 0.97)
    ]
    left, right = np.array_split((lane.sum(axis=2) < 550).sum(axis=0), 2)
    assert right.mean() > 10 * left.mean()
    opened(charts.waveform(np.zeros(0, np.float32), 3.0, words=WORDS[:3]))


def test_how_fast_is_spoken() -> None:
    """Ten letters a second for ten seconds, then twice as fast, then nothing."""
    slow = [Word(i, i + 1.0, "abcdefghij", 1, "x") for i in range(10)]
    fast = [Word(10 + i / 2, 10.5 + i / 2, "abcdefghij", 1, "x") for i in range(20)]
    times, rate = charts.speech_rate([*slow, *fast], 40.0)
    for at, expected in ((0.0, 10), (5.0, 10), (15.0, 20), (30.0, 0), (40.0, 0)):
        assert np.interp(at, times, rate) == pytest.approx(expected, abs=0.2)


def test_the_strip_has_a_picture_for_each_highlight(shots: list[charts.Shot]) -> None:
    none = opened(charts.highlight_strip([], 24.0, curve=CURVE))
    two = opened(charts.highlight_strip(HIGHLIGHTS, 24.0, curve=CURVE, shots=shots))
    assert two.shape[0] > 1.5 * none.shape[0]
    below = two[int(two.shape[0] * 0.55) :]
    halves = np.array_split(below, 2, axis=1)
    assert all(half.std() > 20 for half in halves)


def test_every_script_is_drawn_without_empty_boxes() -> None:
    try:
        find_font("中文")
    except FontMissing as error:
        pytest.skip(str(error))
    text, font = lettering.drawable("中文 and Latin")
    assert text == "中文 and Latin"
    assert font is not None
    mixed, font = lettering.drawable("中文 and \U0001f9ff \u0b85 \ue000")
    assert "中文 and" in mixed
    assert font is not None
    assert "\ue000" not in mixed
    shown = find_font(mixed.replace(" ", ""), font.family)
    assert shown == font
    assert lettering.drawable("a\x00b\nc")[0] == "a·b\nc"


def test_without_any_font_letters_are_still_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(text: str, family: str | None = None) -> None:
        raise FontMissing("no font", "install one")

    lettering._font_for.cache_clear()
    monkeypatch.setattr(lettering, "find_font", none)
    try:
        assert lettering.drawable("中a") == ("?a", None)
        opened(cue_sheet([Cue(0, 1, "plain letters")], [None]))
    finally:
        lettering._font_for.cache_clear()
