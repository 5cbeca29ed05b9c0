"""The stage ``chorus`` and the function MusicSegmentDetect."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import InvalidParameter, NoAudioStream
from media_pipeline.media.audio import write_wav
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.damage import write_wild_floats
from media_pipeline_tests.generators.songs import RATE, make_song
from media_pipeline_tests.generators.songs.song import Section
from media_pipeline_tests.generators.sound_stages import produce
from media_pipeline_tests.spans import starts_found

FORM = (
    Section("verse", 8, level=0.85, vary=0.3),
    Section("chorus", 8, level=1.2),
    Section("verse", 8, level=0.85, vary=0.3),
    Section("chorus", 8, level=1.2),
)


@pytest.mark.slow
def test_the_function_gives_the_choruses_and_keeps_what_they_were_told_by(tmp_path: Path) -> None:
    song = make_song("disco", 11, FORM, bpm=128.0, phrase=4)
    write_wav(tmp_path / "song.wav", song.samples, RATE)
    made = produce("MusicSegmentDetect", tmp_path / "song.wav", tmp_path, "chorus.json")
    assert [set(row) for row in made.result] == [{"start", "end", "title"}] * 2
    assert {row["title"] for row in made.result} == {"Chorus"}
    assert json.loads((made.folder / "chorus.json").read_text()) == made.result
    found = [(row["start"], row["end"]) for row in made.result]
    assert starts_found(song.spans("chorus"), found) == 1

    (folder,) = [path.parent for path in (tmp_path / "lake").rglob("choruses.parquet")]
    table = pq.read_table(folder / "choruses.parquet")
    np.testing.assert_allclose(table["start"].to_numpy(), [s for s, _ in found], atol=0.006)
    with np.load(folder / "similarity.npz") as stored:
        assert stored["similarity"].shape == (len(stored["times"]) - 1,) * 2


@pytest.mark.parametrize("count", [1, 3 * RATE])
def test_silence_and_a_single_sample_are_an_empty_list_and_said(count: int, tmp_path: Path) -> None:
    write_wav(tmp_path / "silent.wav", np.zeros(count, np.float32), RATE)
    made = produce("MusicSegmentDetect", tmp_path / "silent.wav", tmp_path)
    assert made.result == []
    assert made.notes == ["nothing comes again as a chorus does"]
    assert list(made.folder.iterdir()) == []


def test_floats_that_are_no_numbers_and_eight_channels(tmp_path: Path) -> None:
    wild = write_wild_floats(tmp_path / "wild.wav", 8, 16000)
    made = produce("MusicSegmentDetect", tmp_path / "wild.wav", tmp_path)
    assert made.result == []
    assert made.notes[0] == f"{wild} samples were no sound (NaN or beyond all bounds)"


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    video.write_clip(silent, sound=False)
    with pytest.raises(NoAudioStream):
        produce("MusicSegmentDetect", silent, tmp_path)


def test_there_is_nothing_to_ask_for() -> None:
    with pytest.raises(InvalidParameter, match="titles"):
        FUNCTIONS["MusicSegmentDetect"].prepare({"titles": 1})
