"""The stage ``beats`` and the function AudioBeatDetection."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import NoAudioStream
from media_pipeline.media.audio import read_audio, write_wav
from media_pipeline.stages.beats import BEATS_STAGE
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.damage import write_wild_floats
from media_pipeline_tests.generators.songs import RATE, make_song
from media_pipeline_tests.generators.sound_stages import produce, run_on


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.wav"
    write_wav(path, make_song("rock", 7).samples[: 20 * RATE], RATE)
    return path


def test_files_table_and_facts_agree(song: Path, tmp_path: Path) -> None:
    outcome = run_on(song, BEATS_STAGE, tmp_path, clicks=True)
    said = json.loads((tmp_path / "beats" / "beats.json").read_text())
    table = pq.read_table(tmp_path / "beats" / "beats.parquet")
    np.testing.assert_allclose(table["time"].to_numpy(), said["BeatList"], atol=0.001)
    assert outcome.facts["beats"] == len(said["BeatList"]) > 25
    first = table["time"].to_numpy()[table["place"].to_numpy() == 1]
    np.testing.assert_allclose(first, said["DownBeatList"], atol=0.001)
    assert said["Bpm"] == said["BpmCandidates"][0]
    assert len(said["TempoCurve"]) == len(said["BeatList"])


def test_the_function_writes_json_and_clicks(song: Path, tmp_path: Path) -> None:
    made = produce("AudioBeatDetection", song, tmp_path, "b.json", {"clicks": True})
    assert made.result == {}
    assert sorted(p.name for p in made.folder.iterdir()) == ["b.json", "b_clicks.wav"]
    clicks = read_audio(made.folder / "b_clicks.wav", rate=RATE)
    assert len(clicks) == pytest.approx(20 * RATE, abs=RATE // 10)


def test_silence_is_an_empty_list_and_is_said(tmp_path: Path) -> None:
    write_wav(tmp_path / "silent.wav", np.zeros(3 * RATE, np.float32), RATE)
    made = produce("AudioBeatDetection", tmp_path / "silent.wav", tmp_path, "b.json")
    assert json.loads((made.folder / "b.json").read_text())["BeatList"] == []
    assert "no beat" in made.result["Notes"][0]


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    video.write_clip(silent, sound=False)
    with pytest.raises(NoAudioStream):
        produce("AudioBeatDetection", silent, tmp_path, "b.json")


def test_floats_that_are_no_numbers_eight_channels_and_a_single_sample(tmp_path: Path) -> None:
    wild = write_wild_floats(tmp_path / "wild.wav", 8, 16000)
    made = produce("AudioBeatDetection", tmp_path / "wild.wav", tmp_path, "b.json")
    assert made.result["Notes"][0] == f"{wild} samples were no sound (NaN or beyond all bounds)"
    write_wav(tmp_path / "one.wav", np.full(1, 0.1, np.float32), 48000)
    made = produce("AudioBeatDetection", tmp_path / "one.wav", tmp_path, "b.json")
    assert json.loads((made.folder / "b.json").read_text())["BeatList"] == []
