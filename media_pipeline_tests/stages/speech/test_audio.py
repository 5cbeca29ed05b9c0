"""The sound files that everything that listens works on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import NoAudioStream, NothingToDo
from media_pipeline.media.audio import Samples, Sound, read_audio, wav_info, write_wav
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import verify_media
from media_pipeline.stages.base import Outcome, Work
from media_pipeline.stages.speech.audio import AUDIO, Params, extract_audio, listen
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.speech import Made


def run(path: Path, out: Path) -> Outcome:
    out.mkdir()
    shares: list[float] = []
    work = Work(path, probe(path), {}, Params(), out, progress=shares.append)
    outcome = AUDIO.run(work)
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    for name, duration in outcome.facts["durations"].items():
        verify_media(out / name, duration=duration)
    assert sorted(p.name for p in out.iterdir()) == ["sound.flac", "speech.wav"]
    return outcome


def test_both_files_of_a_clip(clip: Path, tmp_path: Path) -> None:
    outcome = run(clip, tmp_path / "out")
    speech = wav_info(tmp_path / "out" / "speech.wav")
    assert (speech.rate, speech.channels) == (16000, 1)
    assert speech.duration == pytest.approx(2.0, abs=0.03)
    assert (outcome.facts["sample_rate"], outcome.facts["channels"]) == (44100, 1)
    assert outcome.facts["duration"] == pytest.approx(2.0, abs=0.03)
    loudness = outcome.facts["loudness"]
    assert set(loudness) == {"integrated_lufs", "range_lu", "true_peak_dbtp"}
    assert -30 < loudness["integrated_lufs"] < -15
    assert outcome.warnings == ()


def test_the_flac_is_the_original(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    samples = (0.3 * rng.standard_normal((30000, 2))).clip(-1, 1).astype(np.float32)
    path = tmp_path / "noise.wav"
    write_wav(path, samples, 48000)
    run(path, tmp_path / "out")
    copy = read_audio(tmp_path / "out" / "sound.flac", rate=48000, mono=False)
    np.testing.assert_array_equal(copy, read_audio(path, rate=48000, mono=False))
    speech = read_audio(tmp_path / "out" / "speech.wav")
    np.testing.assert_allclose(speech, read_audio(path), atol=1 / 32000)


def test_a_film_whose_sound_starts_late(clip: Path, tmp_path: Path) -> None:
    clicks = video.tone_bursts(tmp_path / "clicks.wav", [0.5], 1.0)
    path = tmp_path / "late.mkv"
    maps = ("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "flac")
    video.ffmpeg("-i", clip, "-itsoffset", "0.6", "-i", clicks, *maps, path)
    run(path, tmp_path / "out")
    for name, rate in (("speech.wav", 16000), ("sound.flac", 48000)):
        samples = read_audio(tmp_path / "out" / name, rate=rate)
        assert int(np.argmax(np.abs(samples))) / rate == pytest.approx(1.1, abs=0.002)


def test_the_track_that_the_source_chose(clip: Path, tmp_path: Path) -> None:
    class Chosen:
        facts = {"media": {"audio_index": 2}}  # noqa: RUF012

    clicks = video.tone_bursts(tmp_path / "clicks.wav", [0.5], 1.0)
    path = tmp_path / "two.mkv"
    video.ffmpeg("-i", clip, "-i", clicks, "-map", "0", "-map", "1", "-c:v", "copy", path)
    (tmp_path / "out").mkdir()
    inputs = {"source": Chosen()}
    outcome = AUDIO.run(Work(path, probe(path), inputs, Params(), tmp_path / "out"))  # type: ignore[arg-type]
    assert (outcome.facts["sample_rate"], outcome.facts["channels"]) == (48000, 2)


def test_six_channels(tmp_path: Path) -> None:
    path = tmp_path / "six.mka"
    video.ffmpeg(
        "-f",
        "lavfi",
        "-t",
        "1",
        "-i",
        "anoisesrc=r=48000,aformat=channel_layouts=5.1",
        "-c:a",
        "ac3",
        path,
    )
    outcome = run(path, tmp_path / "out")
    assert outcome.facts["channels"] == 6


def test_a_silent_film(silent_clip: Path, tmp_path: Path) -> None:
    work = Work(silent_clip, probe(silent_clip), {}, Params(), tmp_path, name="film.mp4")
    with pytest.raises(NoAudioStream, match=r"film\.mp4 has no audio stream"):
        AUDIO.run(work)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_it_is_cancelled(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    write_wav(long, np.zeros(8000 * 60, np.float32), 8000)

    class Cancelled(Exception):
        pass

    def cancel(_share: float) -> None:
        raise Cancelled

    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(Cancelled):
        extract_audio(long, out / "a.wav", out / "a.flac", duration=60, progress=cancel)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(clip: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())
    run(path, tmp_path / "out")


_MEASURE = """
import sys
from pathlib import Path
from media_pipeline.stages.speech.audio import extract_audio
out = Path(sys.argv[2])
before = peak()
found = extract_audio(Path(sys.argv[1]), out / "speech.wav", out / "sound.flac")
print(found.duration, before, peak())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_bounded_on_a_long_film(clip: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.mp4"
    video.ffmpeg("-stream_loop", "600", "-i", clip, "-c", "copy", long)
    command = [sys.executable, "-c", video.PEAK + _MEASURE, str(long), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    duration, before, peak = map(float, done.stdout.split())
    assert duration > 1150
    assert peak - before < 60


def test_only_the_window_that_is_asked_for_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both files stay on the clock of the film: silent before the window, at an end with it."""
    clicks = video.tone_bursts(tmp_path / "clicks.flac", [20.0, 31.0, 38.0], 40.0)
    decoded: list[int] = []
    pieces = Sound.pieces

    def counted(self: Sound) -> Iterator[Samples]:
        for piece in pieces(self):
            decoded.append(len(piece))
            yield piece

    monkeypatch.setattr(Sound, "pieces", counted)
    out = tmp_path / "out"
    out.mkdir()
    outcome = AUDIO.run(Work(clicks, probe(clicks), {}, Params(start=30, duration=3), out))
    assert outcome.facts["duration"] == pytest.approx(33.0, abs=0.001)
    assert sum(decoded) / 48000 < 4.0
    for name, rate in (("speech.wav", 16000), ("sound.flac", 48000)):
        samples = read_audio(out / name, rate=rate)
        assert len(samples) / rate == pytest.approx(33.0, abs=0.01)
        assert not samples[: 30 * rate].any()
        first = int(np.argmax(np.abs(samples) > 0.05)) / rate
        assert first == pytest.approx(31.0, abs=0.01)
    sound, window = listen(Made(out, outcome.facts))
    assert (len(sound), window[0]) == (33 * 16000, 30.0)
    with pytest.raises(NothingToDo, match=r"ends at 40.0 s, before the 50.0 s"):
        AUDIO.run(Work(clicks, probe(clicks), {}, Params(start=50), tmp_path / "late"))
