"""The stage ``audio_quality`` and the function AudioQualityAssessment."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import NoAudioStream
from media_pipeline.media.audio import measure_loudness, write_wav
from media_pipeline.stages.audio_quality import AUDIO_QUALITY
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.damage import spoken, write_wild_floats
from media_pipeline_tests.generators.sound_stages import produce, run_on
from media_pipeline_tests.generators.speech import RATE, needs_flite


@needs_flite
def test_result_per_channel_without_and_with_a_file(tmp_path: Path) -> None:
    clean = spoken("slt")
    write_wav(tmp_path / "two.wav", np.stack([clean, clean * 0.1], axis=1), RATE)
    made = produce("AudioQualityAssessment", tmp_path / "two.wav", tmp_path)
    loud, soft = made.result
    assert list(loud)[:9] == [
        *("Tag", "MOS(0-5)", "Discontinuity(0-5)", "Coloration(0-5)", "Noisiness(0-5)"),
        *("Loudness(0-5)", "Loudness(dB)", "Speech Ratio", "Saturated Ratio(%)"),
    ]
    assert loud["Tag"] == soft["Tag"] == "Valid"
    assert 0.5 < loud["Speech Ratio"] < 1.0
    assert loud["Loudness(dB)"] - soft["Loudness(dB)"] == pytest.approx(20, abs=0.3)
    assert loud["Loudness(0-5)"] > soft["Loudness(0-5)"]
    assert not list(made.folder.iterdir())
    named = produce("AudioQualityAssessment", tmp_path / "two.wav", tmp_path, "q.json")
    assert json.loads((named.folder / "q.json").read_text()) == made.result


@needs_flite
def test_loudness_agrees_with_ffmpeg_and_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, spoken("awb"), RATE)
    outcome = run_on(path, AUDIO_QUALITY, tmp_path)
    (found,) = outcome.facts["channels"]
    other = measure_loudness(path)
    assert found["Loudness(dB)"] == pytest.approx(other.integrated_lufs, abs=0.1)
    assert found["Facts"]["TruePeak(dBTP)"] == pytest.approx(other.true_peak_dbtp, abs=0.3)
    table = pq.read_table(tmp_path / "audio_quality" / "loudness.parquet")
    assert table.num_rows == pytest.approx(found["Facts"]["Duration(s)"], abs=1)


def test_one_sample_and_eight_channels(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "one.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 1, "NONE", ""))
        file.writeframes(b"\x01\x00")
    (found,) = produce("AudioQualityAssessment", tmp_path / "one.wav", tmp_path).result
    assert found["Tag"] == "File too Short"
    noise = 0.1 * np.random.default_rng(0).standard_normal((3 * 48000, 8)).astype(np.float32)
    write_wav(tmp_path / "eight.wav", noise, 48000)
    made = produce("AudioQualityAssessment", tmp_path / "eight.wav", tmp_path)
    assert [c["Tag"] for c in made.result] == ["Voice too Short"] * 8


def test_floats_that_are_no_numbers_are_taken_for_silence_and_said(tmp_path: Path) -> None:
    wild = write_wild_floats(tmp_path / "wild.wav")
    made = produce("AudioQualityAssessment", tmp_path / "wild.wav", tmp_path)
    (found,) = made.result
    assert np.isfinite(found["Loudness(dB)"])
    assert made.notes == [f"{wild} samples were no sound (NaN or beyond all bounds)"]


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    video.write_clip(tmp_path / "silent.mp4", sound=False)
    with pytest.raises(NoAudioStream):
        produce("AudioQualityAssessment", tmp_path / "silent.mp4", tmp_path)
