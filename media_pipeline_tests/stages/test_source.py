"""What the source stage finds and writes."""

from __future__ import annotations

from pathlib import Path

import cv2
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import EncodeFailed, InvalidParameter
from media_pipeline.media import ffmpeg
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.stages.base import Outcome, Work
from media_pipeline.stages.source import SOURCE, Params, inspect
from media_pipeline.stages.tables import EMBEDDED_CUES, check_table
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.subtitles import Track, add_subtitles

CHINESE = "1\n00:00:00,200 --> 00:00:00,900\n今天\n明天\n\n2\n00:00:01,000 --> 00:00:01,800\n你好\n"
ENGLISH = "1\n00:00:00,400 --> 00:00:01,400\n<i>Hello</i> & goodbye\n"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Path:
    """A film with a Chinese and an English subtitle stream."""
    folder = tmp_path_factory.mktemp("subtitled")
    (folder / "zh.srt").write_text(CHINESE, encoding="utf-8")
    (folder / "en.srt").write_text(ENGLISH, encoding="utf-8")
    path = folder / "film.mkv"
    maps = ("-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-c:s:1", "ass")
    tags = ("-metadata:s:s:0", "language=chi", "-metadata:s:s:1", "language=eng")
    video.ffmpeg("-i", clip, "-i", folder / "zh.srt", "-i", folder / "en.srt", *maps, *tags, path)
    return path


def run(path: Path, out: Path, params: Params | None = None) -> Outcome:
    out.mkdir()
    shares: list[float] = []
    work = Work(path, probe(path), {}, params or Params(), out, progress=shares.append)
    outcome = SOURCE.run(work)
    assert all(0 <= share <= 1 for share in shares)
    return outcome


def test_embedded_subtitles_become_cues(film: Path, tmp_path: Path) -> None:
    outcome = run(film, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "embedded_cues.parquet")
    assert all(finding.passed for finding in check_table(table, EMBEDDED_CUES, 2.0))
    rows = table.to_pylist()
    assert [r["text"] for r in rows] == ["今天\n明天", "你好", "Hello & goodbye"]
    assert [r["stream"] for r in rows] == [2, 2, 3]
    assert [r["language"] for r in rows] == ["chi", "chi", "eng"]
    assert [r["start"] for r in rows] == pytest.approx([0.2, 1.0, 0.4])
    assert [r["end"] for r in rows] == pytest.approx([0.9, 1.8, 1.4])
    streams = outcome.facts["embedded_streams"]
    assert [(s["index"], s["cues"], s["text"]) for s in streams] == [(2, 2, True), (3, 1, True)]


def test_times_are_on_the_clock_of_the_picture(film: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.mkv"
    video.ffmpeg("-i", film, "-map", "0", "-c", "copy", "-output_ts_offset", "5", late)
    (chinese, _) = inspect(late).subtitles
    assert chinese.cues[0].start == pytest.approx(0.2, abs=0.03)


def test_one_stream_that_cannot_be_read_does_not_take_the_others_with_it(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_ffmpeg, calls = ffmpeg.run, []

    def refuses_the_third(arguments: list[str]) -> None:
        calls.append(arguments)
        if "0:3" in arguments:
            raise EncodeFailed("ffmpeg knows no such stream")
        run_ffmpeg(arguments)

    assert len(inspect(film).subtitles) == 2
    monkeypatch.setattr(ffmpeg, "run", refuses_the_third)
    found = inspect(film)
    assert [one.stream.index for one in found.subtitles] == [2]
    assert found.warnings == ["subtitle stream 3 cannot be read: ffmpeg knows no such stream"]
    assert len(calls) == 3


def test_mov_text_is_read(clip: Path, tmp_path: Path) -> None:
    captions = tmp_path / "zh.srt"
    captions.write_text(CHINESE, encoding="utf-8")
    path = tmp_path / "film.mp4"
    video.ffmpeg(
        "-i", clip, "-i", captions, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text", path
    )
    (stream,) = inspect(path).subtitles
    assert [c.text for c in stream.cues] == ["今天\n明天", "你好"]


def test_the_facts_hold_what_probing_found(clip: Path, tmp_path: Path) -> None:
    outcome = run(clip, tmp_path / "out")
    info = MediaInfo.model_validate(outcome.facts["media"])
    assert info == probe(clip)
    assert outcome.warnings == []
    assert pq.read_table(tmp_path / "out" / "embedded_cues.parquet").num_rows == 0
    poster = cv2.imread(str(tmp_path / "out" / "poster.jpg"))
    assert poster is not None
    assert poster.shape == (180, 320, 3)


def test_sound_alone_has_no_poster(clip: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.m4a"
    video.ffmpeg("-i", clip, "-vn", sound)
    run(sound, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["embedded_cues.parquet"]


def test_another_sound_track(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    video.ffmpeg("-i", clip, "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy", path)
    outcome = run(path, tmp_path / "out", Params(audio_stream=2))
    assert outcome.facts["media"]["audio_index"] == 2
    assert outcome.facts["media"]["audio_choice"] == "as asked for"
    with pytest.raises(InvalidParameter, match=r"audio_stream is 7, .* tracks are: 1, 2"):
        inspect(path, audio_stream=7)
    with pytest.raises(InvalidParameter):
        inspect(path, audio_stream=0)


def test_streams_of_pictures_are_named_and_left_to_the_text_engine(
    clip: Path, tmp_path: Path
) -> None:
    track = Track([Cue(0.2, 1.0, "Hello")], "dvdsub", "eng", "forced")
    path = add_subtitles(clip, tmp_path / "pictures.mkv", [track])
    outcome = run(path, tmp_path / "out")
    assert outcome.warnings == []
    (stream,) = outcome.facts["embedded_streams"]
    assert (stream["codec"], stream["text"], stream["pictures"]) == ("dvdsub", False, True)
    assert (stream["language"], stream["forced"], stream["default"]) == ("eng", True, False)
    assert pq.read_table(tmp_path / "out" / "embedded_cues.parquet").num_rows == 0


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(film: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / Path(name).with_suffix(".mkv").name
    path.write_bytes(film.read_bytes())
    run(path, tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "embedded_cues.parquet").num_rows == 3
    assert (tmp_path / "out" / "poster.jpg").stat().st_size > 500


def test_a_rotated_film_has_an_upright_poster(clip: Path, tmp_path: Path) -> None:
    turned = video.rotate_by_metadata(clip, tmp_path / "turned.mp4", 90)
    run(turned, tmp_path / "out")
    poster = cv2.imread(str(tmp_path / "out" / "poster.jpg"))
    assert poster is not None
    assert poster.shape == (320, 180, 3)
