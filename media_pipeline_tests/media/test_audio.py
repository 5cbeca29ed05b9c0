"""Sound: on the clock of the picture, mixed, resampled, and measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import NoAudioStream, NotMedia
from media_pipeline.media.audio import (
    iter_audio,
    measure_loudness,
    read_audio,
    wav_info,
    write_wav,
)
from media_pipeline.media.wav import open_flac
from media_pipeline_tests.generators import video

CLICKS = (0.5, 1.25, 2.0)


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video.tone_bursts(tmp_path_factory.mktemp("clicks") / "clicks.wav", CLICKS, 3.0)


def _peaks(samples: np.ndarray, rate: int, count: int = len(CLICKS)) -> list[float]:
    level = np.abs(samples).copy()
    found = []
    for _ in range(count):
        at = int(np.argmax(level))
        found.append(at / rate)
        level[max(0, at - rate // 10) : at + rate // 10] = 0
    return sorted(found)


@pytest.mark.parametrize("rate", [48000, 44100, 16000, 8000])
def test_resampling_shifts_nothing(clicks: Path, rate: int) -> None:
    samples = read_audio(clicks, rate=rate)
    assert samples.dtype == np.float32
    assert samples.shape == (3 * rate,)
    np.testing.assert_allclose(_peaks(samples, rate), CLICKS, atol=1 / rate)


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("m4a", "aac"),
        ("mp4", "aac"),
        ("mp3", "libmp3lame"),
        ("mkv", "libopus"),
        ("ogg", "libvorbis"),
        ("flac", "flac"),
    ],
)
def test_codecs_shift_nothing(clicks: Path, tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"clicks.{suffix}"
    video.ffmpeg("-i", clicks, "-c:a", codec, "-b:a", "256k", path)
    samples = read_audio(path, rate=48000)
    assert len(samples) / 48000 == pytest.approx(3.0, abs=0.03)
    np.testing.assert_allclose(_peaks(samples, 48000), CLICKS, atol=0.0015)


def test_a_span_starts_where_it_should(clicks: Path) -> None:
    samples = read_audio(clicks, start=1.0, end=1.5)
    assert samples.shape == (8000,)
    assert _peaks(samples, 16000, 1) == [pytest.approx(0.25, abs=1e-4)]
    assert len(read_audio(clicks, start=2.5, end=9.0)) == 8000
    assert len(read_audio(clicks, start=9.0)) == 0


@pytest.mark.parametrize("suffix", ["mp3", "m4a", "mkv", "ogg"])
def test_a_late_span_is_found_by_seeking(tmp_path: Path, suffix: str) -> None:
    long = video.tone_bursts(tmp_path / "long.wav", [31.5], 40, channels=1)
    path = tmp_path / f"long.{suffix}"
    video.ffmpeg("-i", long, path)
    samples = read_audio(path, start=31.0, end=32.0)
    assert len(samples) == 16000
    assert _peaks(samples, 16000, 1) == [pytest.approx(0.5, abs=0.002)]


def test_sound_that_starts_late_is_padded(clip: Path, clicks: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    video.ffmpeg(
        "-i",
        clip,
        "-itsoffset",
        "0.7",
        "-i",
        clicks,
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c:v",
        "copy",
        "-c:a",
        "pcm_s16le",
        path,
    )
    samples = read_audio(path)
    np.testing.assert_allclose(_peaks(samples, 16000), [t + 0.7 for t in CLICKS], atol=0.002)
    assert not samples[:11000].any()


def test_sound_before_time_zero_is_cut_off(clip: Path, clicks: Path, tmp_path: Path) -> None:
    path = tmp_path / "early.mp4"
    video.ffmpeg(
        "-ss",
        "0.3",
        "-i",
        clicks,
        "-i",
        clip,
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        path,
    )
    samples = read_audio(path)
    np.testing.assert_allclose(_peaks(samples, 16000), [t - 0.3 for t in CLICKS], atol=0.002)


def test_gaps_in_the_timestamps_are_silence(clicks: Path, tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    # Half a second of packets is left out, and their times stay.
    video.ffmpeg("-i", clicks, "-c:a", "pcm_s16le", tmp_path / "whole.mkv")
    drop = "noise=drop='between(pts*tb,0.6,1.1)'"
    video.ffmpeg("-i", tmp_path / "whole.mkv", "-c", "copy", "-bsf:a", drop, path)
    samples = read_audio(path)
    np.testing.assert_allclose(_peaks(samples, 16000), CLICKS, atol=0.002)
    assert len(samples) == pytest.approx(48000, abs=40)


def test_channels_are_mixed_without_clipping(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    loud = np.sign(rng.standard_normal((8000, 1))).astype(np.float32) * 0.99
    for channels in (2, 6):
        path = tmp_path / f"{channels}.flac"
        with open_flac(path, 16000, channels) as flac:
            flac.write(np.repeat(loud, channels, axis=1))
        mono = read_audio(path)
        assert float(np.abs(mono).max()) == pytest.approx(0.99, abs=0.001)
        every = read_audio(path, mono=False)
        assert every.shape == (8000, channels)
        np.testing.assert_allclose(every[:, 1], loud[:, 0], atol=1e-4)


def test_six_channels_are_resampled_each(tmp_path: Path) -> None:
    path = tmp_path / "six.flac"
    time = np.arange(48000) / 48000
    tones = np.stack([np.sin(2 * np.pi * f * time) for f in (100, 200, 300, 40, 500, 600)], 1)
    with open_flac(path, 48000, 6) as flac:
        flac.write((0.5 * tones).astype(np.float32))
    every = read_audio(path, rate=16000, mono=False)
    assert every.shape == (16000, 6)
    spectrum = np.abs(np.fft.rfft(every, axis=0))
    assert spectrum.argmax(axis=0).tolist() == [100, 200, 300, 40, 500, 600]


def test_blocks_are_the_whole(clip: Path) -> None:
    blocks = list(iter_audio(clip, block_s=0.3))
    assert {len(b) for b in blocks[:-1]} == {4800}
    np.testing.assert_array_equal(np.concatenate(blocks), read_audio(clip))
    native = list(iter_audio(clip, rate=None, mono=False, block_s=0.5))
    assert native[0].shape == (22050, 1)


def test_another_track(clip: Path, clicks: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    video.ffmpeg("-i", clip, "-i", clicks, "-map", "0", "-map", "1", "-c:v", "copy", path)
    assert len(read_audio(path)) == pytest.approx(32000, abs=800)
    assert len(read_audio(path, stream=2)) == pytest.approx(48000, abs=800)
    with pytest.raises(NoAudioStream):
        read_audio(path, stream=0)
    with pytest.raises(NoAudioStream):
        read_audio(path, stream=7)


def test_loudness_of_a_reference_tone(tmp_path: Path) -> None:
    # EBU Tech 3341: a stereo sine of 1 kHz at -23 dBFS measures -23 LUFS.
    time = np.arange(48000 * 6) / 48000
    tone = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    path = tmp_path / "tone.wav"
    write_wav(path, np.stack([tone, tone], 1), 48000)
    loudness = measure_loudness(path)
    assert loudness.integrated_lufs == pytest.approx(-23, abs=0.1)
    assert loudness.true_peak_dbtp == pytest.approx(-23, abs=0.1)
    assert loudness.range_lu == pytest.approx(0, abs=0.1)


def test_loudness_of_silence_is_finite(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    write_wav(path, np.zeros(48000, np.float32), 48000)
    loudness = measure_loudness(path)
    assert loudness.integrated_lufs == -70
    assert loudness.true_peak_dbtp == -70


def test_wav_files(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    write_wav(path, np.array([[0.5, -0.5], [2.0, -2.0]], np.float32), 8000)
    info = wav_info(path)
    assert (info.rate, info.channels, info.frames, info.duration) == (8000, 2, 2, 2 / 8000)
    samples = read_audio(path, rate=8000, mono=False)
    np.testing.assert_allclose(samples, [[0.5, -0.5], [1, -1]], atol=1e-4)
    with pytest.raises(NotMedia):
        wav_info(video.write_text(tmp_path / "text.wav"))
    with pytest.raises(NotMedia):
        wav_info(video.write_empty(tmp_path / "empty.wav"))


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(clip: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())
    assert len(read_audio(path)) == pytest.approx(32000, abs=800)
    assert measure_loudness(path).integrated_lufs < 0
    write_wav(path.with_suffix(".wav"), np.zeros(10, np.float32), 8000)
    assert wav_info(path.with_suffix(".wav")).frames == 10
