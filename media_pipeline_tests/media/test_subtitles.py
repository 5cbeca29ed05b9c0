"""Pictures of subtitle streams: their times and their letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.probe import probe
from media_pipeline.media.subtitles import subtitle_pictures
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.subtitles import Track, add_subtitles

CUES = [Cue(0.2, 0.8, "你好"), Cue(0.8, 1.2, "再见"), Cue(1.4, 1.8, "Well.")]


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("pgs", "mkv"), ("dvdsub", "mkv"), ("dvdsub", "mp4"), ("dvbsub", "mkv"), ("dvbsub", "ts")],
)
def test_times_are_those_of_the_stream(clip: Path, tmp_path: Path, codec: str, suffix: str) -> None:
    path = add_subtitles(clip, tmp_path / f"film.{suffix}", [Track(CUES, codec)])
    info = probe(path)
    (stream,) = info.subtitles
    assert (stream.pictures, stream.text) == (True, False)
    found = list(subtitle_pictures(path, stream.index, info.duration))
    assert info.video is not None
    late = info.video.start  # in a transport stream the sound starts before the picture
    assert [p.start - late for p in found] == pytest.approx([c.start for c in CUES], abs=0.0012)
    # The ends of a DVD are in steps of 1/88 s where the container does not give them.
    assert [p.end - late for p in found] == pytest.approx([c.end for c in CUES], abs=0.0125)


def test_letters_are_bright_on_a_dark_ground_whatever_the_palette(
    clip: Path, tmp_path: Path
) -> None:
    for codec in ("pgs", "dvdsub"):
        path = add_subtitles(clip, tmp_path / f"{codec}.mkv", [Track(CUES[:1], codec)])
        (picture,) = subtitle_pictures(path, 2, 2.0)
        (letters,) = picture.texts
        assert np.median(letters[0]) == np.median(letters[:, -1]) == 0
        assert 0.1 < (letters > 128).mean() < 0.4  # strokes
        assert letters.max() == 255


def test_a_picture_that_is_sent_again_is_one_picture(clip: Path, tmp_path: Path) -> None:
    again = [Cue(0.2, 0.6, "你好"), Cue(0.6, 1.0, "你好"), Cue(1.2, 1.6, "你好")]
    path = add_subtitles(clip, tmp_path / "film.mkv", [Track(again, "dvdsub")])
    found = [(p.start, p.end) for p in subtitle_pictures(path, 2, 2.0)]
    assert found == [pytest.approx((0.2, 1.0), abs=0.013), pytest.approx((1.2, 1.6), abs=0.013)]


def test_nothing_is_shown_after_the_end_of_the_file(clip: Path, tmp_path: Path) -> None:
    path = add_subtitles(clip, tmp_path / "film.mkv", [Track(CUES, "pgs")])
    assert [p.end for p in subtitle_pictures(path, 2, 1.5)] == pytest.approx([0.8, 1.2, 1.5])
    assert len(list(subtitle_pictures(path, 2, 1.0))) == 2


def test_a_stream_that_is_not_there_is_named(clip: Path, tmp_path: Path) -> None:
    path = add_subtitles(clip, tmp_path / "film.mkv", [Track(CUES, "pgs")])
    with pytest.raises(InvalidParameter, match=r"stream is 0, .* are: 2"):
        list(subtitle_pictures(path, 0, 2.0))


def test_damage_leaves_out_what_it_hits(clip: Path, tmp_path: Path) -> None:
    path = add_subtitles(clip, tmp_path / "film.mkv", [Track(CUES, "pgs")])
    with video.av.open(str(path)) as container:
        first = next(p for p in container.demux(subtitles=0) if p.size)
        body = bytes(first)
    data = path.read_bytes()
    at = data.index(body)
    path.write_bytes(data[: at + 60] + bytes(len(body) - 60) + data[at + len(body) :])
    assert len(list(subtitle_pictures(path, 2, 2.0))) <= len(CUES)
