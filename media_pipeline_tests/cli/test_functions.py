"""``run``: functions that need a second file, and such as need no output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from media_pipeline.media.audio import write_wav
from media_pipeline.media.wav import wav_info
from media_pipeline_tests.cli.conftest import Done, Home, assert_fails
from media_pipeline_tests.generators.functions import copy_second
from media_pipeline_tests.generators.video import write_clip


def test_a_second_file_is_a_path_or_a_uri_and_an_output_is_named_where_there_is_one(
    command: Home, inside: Callable[..., Done], clip: Path
) -> None:
    second = command.cwd / "second.txt"
    second.write_text("second")
    with copy_second() as name:
        for place in ("second.txt", second.as_uri()):
            params = json.dumps({"inputs": {"file": place}})
            done = inside("run", name, str(clip), "new/copy.txt", "--params", params)
            assert json.loads(done.stdout) == {"Second": "second.txt", "Bytes": 6}, done.stderr
            copy = command.cwd / "new" / "copy.txt"
            assert copy.read_text() == "second"
            copy.unlink()
        assert inside("run", name, str(clip), "--params", params).returncode == 0
        assert not list((command.cwd / "new").iterdir())
        for place, words in {
            "gone.txt": ["gone.txt"],
            "http://127.0.0.1:9/a.txt": ["http", "s3"],
        }.items():
            wrong = json.dumps({"inputs": {"file": place}})
            assert_fails(inside("run", name, str(clip), "c.txt", "--params", wrong), 1, *words)
    assert_fails(inside("run", "VideoClip", str(clip)), 2, "VideoClip")


def test_beats_with_clicks_to_listen_to(
    command: Home, inside: Callable[..., Done], clip: Path
) -> None:
    done = inside("run", "AudioBeatDetection", str(clip), "b.json", "--clicks", "heard.wav")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in command.cwd.iterdir()) == ["b.json", "heard.wav"]
    assert "BeatList" in json.loads((command.cwd / "b.json").read_text())
    assert_fails(inside("run", "AudioBeatDetection", str(clip), "b.json", "--clicks", "x.mp3"), 2)


def test_quality_needs_no_output(inside: Callable[..., Done], clip: Path) -> None:
    done = inside("run", "AudioQualityAssessment", str(clip))
    assert [channel["Tag"] for channel in json.loads(done.stdout)] == ["Voice too Short"]


def test_what_denoising_refuses_is_one_line(command: Home, inside: Callable[..., Done]) -> None:
    write_wav(command.cwd / "cd.wav", np.full(4410, 0.1, np.float32), 44100)
    write_clip(command.cwd / "mute.mp4", sound=False)
    assert_fails(inside("run", "SpeechDenoise", "cd.wav", "out.wav"), 1, "44100 Hz", "any_sound")
    asked = json.dumps({"any_sound": True})
    done = inside("run", "SpeechDenoise", "mute.mp4", "out.wav", "--params", asked)
    assert_fails(done, 1, "no audio")
    done = inside("run", "SpeechDenoise", "cd.wav", "out.wav", "--params", asked)
    assert done.returncode == 0, done.stderr
    assert wav_info(command.cwd / "out.wav") == wav_info(command.cwd / "cd.wav")


def test_a_picture_to_put_behind_that_is_not_there_is_one_line(
    command: Home, inside: Callable[..., Done], clip: Path
) -> None:
    params = json.dumps({"bgimage": "gone.png"})
    done = inside("run", "VideoGreenScreenMatting", str(clip), "out.mp4", "--params", params)
    assert_fails(done, 1, "gone.png")
    assert list(command.cwd.iterdir()) == []
