from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.asr.sound import HOP_S, RATE, levels, map_wav, pcm, piece, seconds, speech_floor
from media_pipeline.errors import InvalidArtifact
from media_pipeline.media.wav import write_wav
from media_pipeline_tests.generators.speech import noise, silence, tone


def test_a_wav_is_mapped_sample_for_sample(tmp_path: Path) -> None:
    sound = tone(1.5)
    write_wav(tmp_path / "a.wav", sound, RATE)
    mapped = map_wav(tmp_path / "a.wav")
    assert isinstance(mapped, np.memmap)
    assert seconds(mapped) == 1.5
    assert np.abs(piece(mapped, 0, 1.5) - sound).max() < 1e-4
    assert np.abs(piece(mapped, 0.5, 0.75) - piece(sound, 0.5, 0.75)).max() < 1e-4


def test_an_empty_wav_is_no_sound(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", silence(0), RATE)
    assert len(map_wav(tmp_path / "a.wav")) == 0


def test_a_wav_that_lost_its_end_is_as_long_as_its_data(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(1.0), RATE)
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[: len(data) // 2])
    assert 0.4 < seconds(map_wav(tmp_path / "a.wav")) < 0.6


@pytest.mark.parametrize(("rate", "channels"), [(44100, 1), (16000, 2)])
def test_another_kind_of_wav_is_refused(tmp_path: Path, rate: int, channels: int) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\0\0\0\0" * 100)
    with pytest.raises(InvalidArtifact, match="16 kHz mono"):
        map_wav(tmp_path / "a.wav")


def test_text_is_no_wav(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(InvalidArtifact, match="not a WAV"):
        map_wav(tmp_path / "a.wav")


def test_pcm_of_floats_and_of_integers_is_the_same() -> None:
    sound = noise(0.1)
    whole = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
    assert pcm(sound, 0.02, 0.08) == pcm(whole, 0.02, 0.08)
    assert pcm(sound, 5.0, 6.0) == b""


def test_levels_follow_the_sound() -> None:
    level = levels(np.concatenate([silence(0.5), tone(0.5)]))
    assert level.shape == (round(1.0 / HOP_S),)
    assert level[:45].max() == -100
    assert level[60:95] == pytest.approx(20 * np.log10(0.2 / 2**0.5), abs=0.5)
    assert -100 < speech_floor(level) < level[-1]
    assert speech_floor(levels(silence(0))) == -100
