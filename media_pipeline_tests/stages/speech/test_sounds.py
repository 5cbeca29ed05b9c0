"""Sound of every kind through the speech stages, from file to subtitles, without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media_pipeline.errors import NoSpeech
from media_pipeline.media.audio import read_audio
from media_pipeline.media.probe import probe
from media_pipeline.media.wav import write_wav
from media_pipeline.stages.base import Work
from media_pipeline.stages.speech import AUDIO, LANGUAGE, SPEECH_SUBTITLES, TRANSCRIPT, WORDS
from media_pipeline.text.formats import read_cues
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.speech import (
    RATE,
    STATION,
    Film,
    Made,
    Sound,
    film,
    needs_flite,
    say,
    scene,
    silence,
    tone,
)

HELLO = "Please open the window."
MUSIC = Path(__file__).parents[4] / "shared/media/music/choice.ogg"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise OSError("a test tried to use the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def _film_of(folder: Path, media: Path) -> Film:
    """The film of a sound file as it lies on disk."""
    made = film(folder / "film", silence(1), tag="eng")
    out = folder / "heard"
    out.mkdir()
    info = probe(media)
    outcome = AUDIO.run(Work(media, info, {}, AUDIO.params(), out))
    made.made["audio"] = Made(out, outcome.facts)
    made.info = info
    return made


def _subtitles(made: Film, **asked: Any) -> list[Any]:
    made.run(LANGUAGE, language="en")
    made.run(TRANSCRIPT, **asked)
    made.run(WORDS)
    made.run(SPEECH_SUBTITLES)
    return read_cues(made.made["speech_subtitles"].path("speech.srt"))


def _encoded(folder: Path, samples: Sound, name: str, *options: str) -> Path:
    write_wav(folder / "plain.wav", samples, RATE)
    path = folder / name
    video.ffmpeg("-i", folder / "plain.wav", *options, path)
    return path


@needs_flite
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("telephone.wav", ("-ar", "8000")),
        ("cinema.mka", ("-af", "pan=5.1|FC=c0", "-ar", "48000", "-c:a", "ac3")),
        ("rear.mka", ("-af", "pan=5.1|BL=c0", "-ar", "48000", "-c:a", "ac3")),
        ("right.flac", ("-af", "pan=stereo|FR=c0", "-ar", "44100")),
    ],
)
def test_any_rate_and_any_channels(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    said = scene([STATION], pause=0.6)
    made = _film_of(tmp_path, _encoded(tmp_path, said.samples, name, *options))
    cues = _subtitles(made, script=STATION)
    assert " ".join(" ".join(c.text.split("\n")) for c in cues) == STATION
    assert cues[0].start == pytest.approx(said.sentences[0].start, abs=0.15)
    words = made.made["words"].table("words.parquet").to_pylist()
    assert words[-1]["end"] == pytest.approx(said.sentences[0].end, abs=0.2)


@needs_flite
def test_three_seconds(tmp_path: Path) -> None:
    sound = np.concatenate([silence(0.3), say(HELLO), silence(3.0)])[: 3 * RATE]
    [cue] = _subtitles(film(tmp_path, sound, tag="eng"), engine="pocketsphinx")
    assert 0.2 <= cue.start <= 0.5
    assert cue.end <= 3.0
    assert "window" in cue.text


@needs_flite
def test_speech_only_at_the_very_end(tmp_path: Path) -> None:
    said = say(HELLO)
    sound = np.concatenate([silence(60), said])
    made = film(tmp_path, sound, tag="eng")
    [cue] = _subtitles(made, script=HELLO)
    assert cue.start == pytest.approx(60.0, abs=0.15)
    assert cue.end <= made.info.duration + 1e-3
    words = made.made["words"].table("words.parquet").to_pylist()
    assert [w["word"] for w in words] == HELLO.split()
    assert words[-1]["end"] == pytest.approx(60 + len(said) / RATE, abs=0.15)


def _chords(seconds: float) -> Sound:
    """Chords of plucked strings: music without a voice."""
    at = np.arange(round(seconds * RATE)) / RATE
    pluck = np.exp(-3 * (at % 0.5))
    pitches = 220 * 2 ** (np.array([0, 4, 7]) / 12)
    return sum(0.2 * pluck * tone(seconds, float(p)) for p in pitches).astype(np.float32)


@pytest.mark.parametrize("sound", [silence(3), _chords(8)], ids=["silence", "music"])
def test_silence_and_music_give_no_words(tmp_path: Path, sound: Sound) -> None:
    for number, asked in enumerate(({"engine": "pocketsphinx"}, {"script": HELLO})):
        with pytest.raises(NoSpeech):
            _subtitles(film(tmp_path / str(number), sound, tag="eng"), **asked)


@pytest.mark.skipif(not MUSIC.is_file(), reason="the shared music choice.ogg is not here")
def test_recorded_music_gives_no_words(tmp_path: Path) -> None:
    with pytest.raises(NoSpeech):
        _subtitles(film(tmp_path, read_audio(MUSIC), tag="eng"), script=HELLO)


_HOUR = """
import sys
from pathlib import Path
from media_pipeline.asr.script import align_script
from media_pipeline.asr.sound import map_wav
from media_pipeline.text.rules import rules_for, segment
samples = map_wav(Path(sys.argv[1]))
text = Path(sys.argv[2]).read_text()
align_script(samples[: 20 * 16000], text.splitlines()[0], language="en")
before = peak()
found = align_script(samples, text, language="en")
cues = segment([w for _, words in found.lines for w in words], rules_for("en"))
print(len(found.lines), len(cues), before, peak())
"""


@needs_flite
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_hour_takes_little_memory(tmp_path: Path) -> None:
    """An hour with a sentence every half minute: the memory is that of the whole length."""
    part = np.concatenate([say(STATION), silence(24)])
    times = 3600 * RATE // len(part) + 1
    write_wav(tmp_path / "hour.wav", np.tile(part, times), RATE)
    (tmp_path / "script.txt").write_text("\n".join([STATION] * times))
    command = [sys.executable, "-c", video.PEAK + _HOUR,
               str(tmp_path / "hour.wav"), str(tmp_path / "script.txt")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines, cues, before, peak = map(int, done.stdout.split())
    assert lines == times
    assert cues >= times
    assert peak - before < 1000  # MiB, as promised; 160 is usual
