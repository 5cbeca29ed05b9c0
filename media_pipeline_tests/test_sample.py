"""The sample film: what its truth says is what can be seen and heard in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import FontMissing
from media_pipeline.media.audio import read_audio
from media_pipeline.media.decode import decode
from media_pipeline.media.files import sha256_file
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.sample import Sample, make_sample, picture
from media_pipeline.sample.script import FPS, make_plan
from media_pipeline.sample.sound import RATE, make_sound
from media_pipeline.sample.voice import Voice
from media_pipeline.text.formats import read_cues

BAND = Box(0.25, 0.78, 0.5, 0.2)


class Speaker(Voice):
    """A voice that says every text as a second of tone."""

    def __init__(self) -> None:
        self.name = "tone"

    def say(self, text: str) -> np.ndarray:
        return np.full(RATE, 0.2, np.float32)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    shares: list[float] = []
    made = make_sample(tmp_path_factory.mktemp("sample"), shares.append)
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    return made


@pytest.fixture(scope="module")
def white(sample: Sample) -> np.ndarray:
    """Share of white pixels in the caption band, by frame."""
    frames = decode(sample.video, region=BAND)
    return np.array([(frame.luma > 225).mean() for frame in frames])


def test_the_film_is_what_is_promised(sample: Sample) -> None:
    info = probe(sample.video)
    assert info.video is not None
    assert (info.video.width, info.video.height, info.video.codec) == (1280, 720, "h264")
    assert info.video.fps == FPS
    assert not info.video.variable_fps
    assert info.audio[0].codec == "aac"
    assert 50 <= info.duration <= 75
    assert info.video.frames == pytest.approx(info.duration * FPS, abs=1)


def test_truth_is_written_beside_the_film(sample: Sample) -> None:
    folder = sample.video.parent
    assert sorted(p.name for p in folder.iterdir()) == ["sample.json", "sample.mp4", "sample.srt"]
    written = read_cues(folder / "sample.srt")
    assert [(c.text, c.start, c.end) for c in written] == [
        (c.text, pytest.approx(c.start, abs=0.001), pytest.approx(c.end, abs=0.001))
        for c in sample.captions
    ]
    truth = json.loads((folder / "sample.json").read_text())
    assert [(h["start"], h["end"]) for h in truth["highlights"]] == sample.highlights
    assert [c["text"] for c in truth["captions"]] == [c.text for c in sample.captions]


def test_captions_are_seen_exactly_in_their_time(sample: Sample, white: np.ndarray) -> None:
    for cue in sample.captions:
        first, last = round(cue.start * FPS), round(cue.end * FPS) - 1
        shown = min(white[first], white[(first + last) // 2], white[last])
        assert shown > max(white[first - 1], white[last + 1]) + 0.003, cue


def test_captions_are_on_whole_frames_in_order_and_apart(sample: Sample) -> None:
    for cue in sample.captions:
        assert cue.start * FPS == pytest.approx(round(cue.start * FPS), abs=1e-6)
        assert cue.end * FPS == pytest.approx(round(cue.end * FPS), abs=1e-6)
    gaps = [b.start - a.end for a, b in zip(sample.captions, sample.captions[1:], strict=False)]
    assert min(gaps) > 0.2


def test_captions_are_chinese_english_and_once_both(sample: Sample) -> None:
    if sample.notes and "English" in sample.notes[0]:
        pytest.skip(sample.notes[0])
    assert 10 <= len(sample.captions) <= 14
    chinese = [any("\u4e00" <= c <= "\u9fff" for c in cue.text) for cue in sample.captions]
    english = [any("a" <= c <= "z" for c in cue.text) for cue in sample.captions]
    assert sum(chinese) >= 4
    assert sum(english) >= 4
    assert sum(c and e for c, e in zip(chinese, english, strict=True)) == 1


def test_highlights_are_loud_apart_and_of_the_promised_length(sample: Sample) -> None:
    sound = read_audio(sample.video, rate=8000)
    level = np.sqrt(np.convolve(sound**2, np.ones(4000) / 4000, "same"))
    inside = np.zeros(len(level), bool)
    for start, end in sample.highlights:
        assert 8 <= end - start <= 10
        inside[int(start * 8000) : int(end * 8000)] = True
    assert np.median(level[inside]) > 8 * np.median(level[~inside])
    gaps = [b[0] - a[1] for a, b in zip(sample.highlights, sample.highlights[1:], strict=False)]
    assert min(gaps) > 5


def test_speech_is_heard_where_it_is_said(sample: Sample) -> None:
    if not sample.speech:
        pytest.skip(sample.notes[-1])
    sound = np.abs(read_audio(sample.video, rate=8000))
    for line in sample.speech:
        said = sound[int(line.start * 8000) : int(line.end * 8000)]
        before = sound[int((line.start - 0.25) * 8000) : int((line.start - 0.05) * 8000)]
        assert said.mean() > 5 * before.mean(), line
        assert any(line.text in cue.text for cue in sample.captions)


@pytest.mark.slow
def test_the_same_machine_makes_the_same_film(sample: Sample, tmp_path: Path) -> None:
    again = make_sample(tmp_path)
    assert sha256_file(again.video) == sha256_file(sample.video)


def test_without_a_chinese_font_only_english_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    real = picture.find_font

    def no_chinese(text: str, family: str | None = None) -> object:
        if any(ord(c) > 0x2E80 for c in text):
            raise FontMissing("no font for Chinese", "install fonts-noto-cjk")
        return real(text, family)

    monkeypatch.setattr(picture, "find_font", no_chinese)
    _, chinese, notes = picture.caption_font()
    assert not chinese
    assert "fonts-noto-cjk" in notes[0]
    plan = make_plan(Speaker(), chinese=chinese)
    assert len(plan.captions) == 7
    assert all(cue.text.isascii() for cue in plan.captions)
    assert len(plan.highlights) == 3


def test_without_a_voice_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda _program: None)
    voice = Voice(tmp_path)
    assert voice.name is None
    plan = make_plan(voice, chinese=True)
    assert plan.speech == []
    assert len(plan.captions) == 13
    quiet = make_sound(plan)[: int(plan.highlights[0][0] * RATE)]
    assert np.abs(quiet).max() < 0.02


def test_spoken_captions_last_as_long_as_their_words() -> None:
    plan = make_plan(Speaker(), chinese=True)
    for at, text, _ in plan.speech:
        cue = next(c for c in plan.captions if text in c.text)
        assert cue.start <= at
        assert at + 1.0 <= cue.end
    assert sum(seconds for seconds, _ in plan.shots) == pytest.approx(plan.duration, abs=0.01)
