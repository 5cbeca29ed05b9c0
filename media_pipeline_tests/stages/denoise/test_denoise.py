"""SpeechDenoise: less noise, nothing shifted, clean speech let through."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.errors import InvalidParameter, NoAudioStream
from media_pipeline.media.audio import read_audio, write_wav
from media_pipeline.media.probe import probe
from media_pipeline.media.wav import wav_info
from media_pipeline.stages.denoise import Heard, Plan, denoise, listen, plan_for
from media_pipeline.stages.denoise.logmmse import log_mmse
from media_pipeline.stages.denoise.rnnoise import rnnoise
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.damage import (
    VOICES,
    mixed,
    resampled,
    spoken,
    write_wild_floats,
)
from media_pipeline_tests.generators.sound_stages import produce
from media_pipeline_tests.generators.speech import needs_flite

RATE = 16000
Floats = NDArray[np.float64]


def si_sdr(truth: Floats, found: Floats) -> float:
    part = truth * (truth @ found) / (truth @ truth)
    return float(10 * np.log10(np.square(part).sum() / np.square(found - part).sum()))


def cleaned(sound: NDArray[np.float32], rate: int = RATE) -> NDArray[np.float32]:
    columns = sound.reshape(len(sound), -1)
    plan = plan_for(listen([columns], rate))
    return np.concatenate(list(denoise(np.array_split(columns, 4), rate, plan)))


@needs_flite
@pytest.mark.parametrize("noise", ["white", "typing", "street"])
def test_noise_falls(noise: str) -> None:
    clean = spoken("slt")
    noisy = mixed(clean, noise, 5.0)
    before = si_sdr(clean.astype(float), noisy.astype(float))
    assert si_sdr(clean.astype(float), cleaned(noisy)[:, 0].astype(float)) > before + 3


@needs_flite
def test_pauses_are_no_holes() -> None:
    talk = spoken("slt")[: 3 * RATE]
    noisy = mixed(np.concatenate([talk, np.zeros(3 * RATE, np.float32), talk]), "white", 10.0)
    pause = slice(round(3.5 * RATE), round(5.5 * RATE))
    fall = 20 * np.log10(cleaned(noisy)[pause].std() / noisy[pause].std())
    assert -40 < fall < -20


@needs_flite
@pytest.mark.parametrize("voice", VOICES)
def test_clean_speech_comes_out_as_it_went_in(voice: str) -> None:
    clean = spoken(voice, 1)
    np.testing.assert_array_equal(cleaned(clean)[:, 0], clean)


def test_from_clean_to_noisy_there_is_no_step() -> None:
    kept = [plan_for(Heard(30.0, db)).untouched for db in np.arange(30.0, 46.0, 0.1)]
    assert kept[0] == 0.0
    assert kept[-1] == 1.0
    assert 0.0 <= np.diff(kept).min() <= np.diff(kept).max() < 0.02


@needs_flite
def test_what_is_let_through_in_part_has_that_part_of_the_noise() -> None:
    noisy = mixed(spoken("slt")[: 3 * RATE], "white", 20.0)[:, np.newaxis]
    whole, half, none = (
        next(denoise([noisy], RATE, Plan(20.0, 0.3, untouched))) for untouched in (0.0, 0.5, 0.999)
    )
    np.testing.assert_allclose(half, (whole + noisy) / 2, atol=1e-6)
    np.testing.assert_allclose(none, noisy, atol=1e-3)


@needs_flite
@pytest.mark.parametrize("voice", ["slt", "kal16"])
def test_noise_that_comes_and_goes_is_not_taken_for_none(voice: str) -> None:
    clean = np.concatenate([spoken(voice, 0), spoken(voice, 2)])
    noise = 0.016 * np.random.default_rng(0).standard_normal(len(clean))
    sounds = np.arange(len(clean)) / RATE % 4.5 < 2.0
    noisy = (clean + noise * sounds).astype(np.float32)
    assert plan_for(listen([noisy[:, np.newaxis]], RATE)).untouched == 0.0


@needs_flite
def test_silence_around_noisy_speech_does_not_make_it_clean() -> None:
    noisy = mixed(spoken("slt"), "white", 20.0)
    padded = np.concatenate([np.zeros(3 * len(noisy), np.float32), noisy])
    alone, within = (listen([x[:, np.newaxis]], RATE).over_pauses_db for x in (noisy, padded))
    assert within == pytest.approx(alone, abs=1.5)


@needs_flite
def test_a_clean_file_is_the_same_to_the_sample(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", 4 * spoken("kal16", 1), RATE)
    made = produce("SpeechDenoise", tmp_path / "in.wav", tmp_path, "out.wav")
    before, after = (
        read_audio(p, rate=RATE) for p in (tmp_path / "in.wav", made.folder / "out.wav")
    )
    np.testing.assert_array_equal(after, before)
    assert made.notes[0].endswith("let through: it is clean")


@needs_flite
@pytest.mark.parametrize("method", [rnnoise, log_mmse])
@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_nothing_is_shifted(method: object, rate: int) -> None:
    assert callable(method)
    clean = resampled(spoken("slt")[:64000], RATE, rate).astype(float)
    found = method(clean, rate)
    assert len(found) == len(clean)
    lags = np.arange(-6, 7)
    inner = clean[1000:-1000]
    alike = [inner @ found[1000 + lag : len(found) - 1000 + lag] for lag in lags]
    assert lags[int(np.argmax(alike))] == 0


@pytest.mark.slow
@needs_flite
def test_long_sound_comes_in_blocks_that_join() -> None:
    noisy = np.tile(mixed(spoken("slt"), "pink", 5.0), 3)
    found = cleaned(noisy)[:, 0].astype(float)
    assert len(found) == len(noisy)
    whole = np.concatenate(list(denoise([noisy[:, np.newaxis]], RATE, Plan(5.0, 0.5, 0.0))))[:, 0]
    edge = slice(20 * RATE - 2000, 20 * RATE + 2000)
    assert si_sdr(whole[edge], found[edge]) > 10


def test_silence_stays_and_nothing_clips() -> None:
    assert not cleaned(np.zeros((5 * RATE, 2), np.float32)).any()
    loud = np.clip(np.random.default_rng(0).standard_normal((3 * RATE, 1)), -1, 1)
    assert np.abs(cleaned(loud.astype(np.float32))).max() <= 1.0


@needs_flite
def test_the_function_keeps_rate_length_and_channels(tmp_path: Path) -> None:
    noisy = resampled(mixed(spoken("awb"), "white", 5.0), RATE, 48000)[: 4 * 48000]
    write_wav(tmp_path / "in.wav", np.stack([noisy, noisy * 0.5], axis=1), 48000)
    made = produce("SpeechDenoise", tmp_path / "in.wav", tmp_path, "out.wav")
    assert wav_info(made.folder / "out.wav") == wav_info(tmp_path / "in.wav")
    assert made.result == {}
    assert "RNNoise" in made.notes[0]


def test_other_rates_are_refused_unless_asked_for(tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(44100 * 2).astype(np.float32)
    write_wav(tmp_path / "in.wav", noise, 44100)
    with pytest.raises(InvalidParameter, match=r"44100 Hz.*48000"):
        produce("SpeechDenoise", tmp_path / "in.wav", tmp_path, "out.wav")
    made = produce("SpeechDenoise", tmp_path / "in.wav", tmp_path, "o.wav", {"any_sound": True})
    assert wav_info(made.folder / "o.wav") == wav_info(tmp_path / "in.wav")


def test_a_film_keeps_its_picture_and_one_without_sound_is_refused(tmp_path: Path) -> None:
    film, silent = tmp_path / "film.mp4", tmp_path / "silent.mp4"
    video.write_clip(film)
    made = produce("SpeechDenoise", film, tmp_path, "out.mp4", {"any_sound": True})
    found, before = probe(made.folder / "out.mp4"), probe(film)
    assert found.video is not None and before.video is not None
    assert found.video.codec == before.video.codec
    assert len(read_audio(made.folder / "out.mp4")) == pytest.approx(len(read_audio(film)), abs=800)
    video.write_clip(silent, sound=False)
    with pytest.raises(NoAudioStream):
        produce("SpeechDenoise", silent, tmp_path, "out.wav", {"any_sound": True})


@pytest.mark.parametrize("count", [1, 100])
def test_a_file_of_a_few_samples_stays_as_long(tmp_path: Path, count: int) -> None:
    with wave.open(str(tmp_path / "in.wav"), "wb") as file:
        file.setparams((1, 2, 48000, count, "NONE", ""))
        file.writeframes(b"\x01\x00" * count)
    made = produce("SpeechDenoise", tmp_path / "in.wav", tmp_path, "out.wav")
    assert wav_info(made.folder / "out.wav") == wav_info(tmp_path / "in.wav")


def test_digital_silence_stays_silent(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", np.zeros((3 * RATE, 2), np.float32), RATE)
    made = produce("SpeechDenoise", tmp_path / "in.wav", tmp_path, "out.wav")
    assert not read_audio(made.folder / "out.wav", rate=RATE, mono=False).any()


def test_floats_that_are_no_numbers_and_eight_channels(tmp_path: Path) -> None:
    wild = write_wild_floats(tmp_path / "in.wav", 8, RATE)
    made = produce("SpeechDenoise", tmp_path / "in.wav", tmp_path, "out.wav")
    sound = read_audio(made.folder / "out.wav", rate=RATE, mono=False)
    assert sound.shape == (2 * RATE, 8)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1.0
    assert made.result["Notes"] == [f"{wild} samples were no sound (NaN or beyond all bounds)"]
