"""How the command is used, and used wrongly: help, exit codes, stdout against stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline._cli.outputs import new_file
from media_pipeline.errors import printable
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.production.refusals import shown
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import write_cues
from media_pipeline_tests.cli.conftest import Done, Home, assert_fails
from media_pipeline_tests.generators.captions import WRONG_REGIONS

COMMANDS = [
    "demo",
    "process",
    "run",
    "transcribe",
    "highlights",
    "caption",
    "localise",
    "correct",
    "lint",
    "search",
    "add",
    "remove",
    "serve",
    "doctor",
]


@pytest.mark.slow
def test_help_names_every_command_and_is_quick(command: Home) -> None:
    command("--help")  # compiled modules are made once
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        done = command("--help")
        seconds.append(time.perf_counter() - began)
        assert done.returncode == 0
        assert all(name in done.stdout for name in COMMANDS)
        assert done.stderr == ""
    budget = 0.5 * max(1.0, os.getloadavg()[0])
    assert min(seconds) < budget


def test_help_tells_of_every_production_function(command: Home) -> None:
    told = command("run", "--help").stdout
    assert [name for name in FUNCTIONS if f"{name} " not in told] == []


def test_help_imports_nothing_heavy() -> None:
    heavy = "numpy pyarrow pandas cv2 av dagster pydantic matplotlib rapidocr faster_whisper"
    code = (
        "import sys, media_pipeline.cli as c; c.run(['--help']);"
        f"print([m for m in '{heavy}'.split() if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(inside: Callable[..., Done], name: str) -> None:
    done = inside(name, "--help")
    assert done.returncode == 0
    assert len(done.stdout) > 200
    assert "stage parameter" not in done.stdout


@pytest.mark.slow
def test_options_have_the_range_and_default_of_the_stage(command: Home) -> None:
    shown = " ".join(command("highlights", "--help", COLUMNS="200").stdout.split())
    assert "1 to 10" in shown
    assert "default 5" in shown
    assert "3.0 to 60.0" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["Missing command"]),
        (("nonsense",), ["nonsense"]),
        (("process",), ["VIDEO"]),
        (("process", "x.mp4", "--set", "count=3"), ["count=3", "STAGE.PARAM=VALUE"]),
        (("process", "x.mp4", "--set", "nope.count=3"), ["nope"]),
        (("process", "x.mp4", "--set", "ocr_cues.nope=3"), ["ocr_cues.nope"]),
        (("process", "x.mp4", "--set", "ocr_cues.fps=30"), ["ocr_cues.fps", "30", "10"]),
        (("process", "x.mp4", "--profile", "nope"), ["nope"]),
        (("highlights", "x.mp4", "out", "--count", "11"), ["count", "11", "10"]),
        (("highlights", "x.mp4", "out", "--clip-duration", "nan"), ["clip_duration"]),
        (("highlights", "x.mp4", "out", "--clip-duration", "2"), ["clip_duration", "3"]),
        (("highlights", "x.mp4", "out", "--clip-duration", "61"), ["clip_duration", "60"]),
        (("highlights", "x.mp4", "out", "--count", "0"), ["count", "1", "10"]),
        (("highlights", "x.mp4", "out", "--codec", "vp7"), ["codec", "vp7", "h265"]),
        (("highlights", "x.mp4", "out", "--action", "Running"), ["Running", "5"]),
        (("highlights", "x.mp4", "out", "--caption", "wavy"), ["caption", "wavy", "karaoke"]),
        (("highlights", *6 * ("x.mp4",), "out"), ["MediaArray", "6", "1-5"]),
        (("highlights", "x.mp4", "out", "--export", "--name", "a.mp4"), ["a.mp4", "{index}"]),
        (("transcribe", "x.mp4", "out.doc"), ["out.doc", ".srt"]),
        (("transcribe", "x.mp4", "o.srt", "--engine", "nope"), ["engine", "nope"]),
        (("transcribe", "x.mp4", "o.srt", "--start", "1:75"), ["--start", "1:75"]),
        (("transcribe", "x.mp4", "o.srt", "--duration", "-3"), ["--duration", "-3"]),
        (("caption", "x.mp4", "out.avi"), ["out.avi", ".mp4"]),
        (("run", "VideoClip", "x.mp4", "out.srt"), ["out.srt", ".mp4"]),
        (("serve", "--port", "99999"), ["port", "65535"]),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    command: Home, inside: Callable[..., Done], arguments: tuple[str, ...], words: list[str]
) -> None:
    assert_fails(inside(*arguments), 2, *words)
    assert not (command.root / "lake").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("process", "missing.mp4"), ["missing.mp4", "no such file"]),
        (("process", "empty.mp4"), ["empty.mp4", "0 bytes"]),
        (("process", "text.mp4"), ["text.mp4", "not a video"]),
        (("transcribe", "text.mp4", "out.srt"), ["text.mp4"]),
        (("highlights", "missing.mp4", "out"), ["missing.mp4"]),
        (("caption", "empty.mp4", "out.mp4"), ["empty.mp4"]),
        (("add", "missing.mp4"), ["missing.mp4"]),
        (("add", "ftp://host/film.mp4"), ["ftp"]),
        (("remove", "nothing", "--yes"), ["nothing"]),
        (("correct", "nothing", "cues.srt"), ["nothing"]),
        (("lint", "missing.srt"), ["missing.srt"]),
        (("lint", "text.mp4"), ["text.mp4"]),
        (("run", "Nope", "text.mp4", "out.srt"), ["Nope", "CaptionExtraction", "VideoClip"]),
        (("run", "CaptionExtraction", "text.mp4", "out.srt"), ["text.mp4"]),
        (("run", "CaptionExtraction", "x.mp4", "o.srt", "--params", "{fps"), ["JSON"]),
        (("run", "CaptionExtraction", "x.mp4", "o.srt", "--params", "[]"), ["JobParams"]),
        (
            ("run", "CaptionExtraction", "x.mp4", "o.srt", "--params", '{"Speed": 1}'),
            ["JobParams.Speed", "formatter"],
        ),
        (("run", "VideoClip", "x.mp4", "o.mp4", "--params", '{"duration": 0}'), ["duration"]),
    ],
)
def test_bad_input_is_one_line_and_1(
    command: Home, inside: Callable[..., Done], arguments: tuple[str, ...], words: list[str]
) -> None:
    (command.cwd / "empty.mp4").touch()
    (command.cwd / "text.mp4").write_text("this is no film\n" * 100)
    before = sorted(command.cwd.iterdir())
    assert_fails(inside(*arguments), 1, *words)
    assert sorted(command.cwd.iterdir()) == before


_PAIRS = "[[top, bottom], [left, right]], in each pair 0 <= first < second <= 1"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        *(("fps", value, "2-10") for value in (1, 11, "x")),
        *(("roi", value, _PAIRS) for value in [*WRONG_REGIONS, "auto"]),
        ("lang", "fr", "ch | en | ch_ml"),
        ("track", "all", "main"),
        ("sep", "perhaps", "true | false"),
        ("formatter", "a\nb", "one line of at most 64 characters"),
        ("formatter", "x" * 65, "one line of at most 64 characters"),
    ],
)
def test_a_wrong_job_parameter_is_told_in_the_words_of_the_wire(
    command: Home, inside: Callable[..., Done], name: str, value: object, allowed: str
) -> None:
    params = json.dumps({name: value})
    done = inside("run", "CaptionExtraction", "x.mp4", "o.srt", "--params", params)
    line = f"'JobParams.{name}' is invalid, input: {shown(value)}, value range: {allowed}"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.errors == [f"media-pipeline: {printable(line)}"]
    assert not (command.root / "lake").exists()


def test_a_bad_setting_is_one_line(command: Home) -> None:
    done = command("search", "", MEDIA_PIPELINE_MAX_QUEUE_LENGTH="many")
    assert_fails(done, 1, "MEDIA_PIPELINE_MAX_QUEUE_LENGTH")


def test_the_traceback_is_shown_when_asked_for(command: Home) -> None:
    done = command("lint", "missing.srt", MEDIA_PIPELINE_DEBUG="1")
    assert "Traceback" in done.stderr
    assert done.returncode == 1


def test_the_version(command: Home) -> None:
    done = command("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(".") == 2


def test_folders_made_for_a_file_go_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_file(tmp_path / "a" / "b" / "file.txt") as target:
        target.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with new_file(tmp_path / "a" / "b" / "file.txt") as target:
        target.write_text("whole")
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["file.txt"]


def test_exit_codes_reach_the_shell(command: Home) -> None:
    assert_fails(command("process"), 2, "VIDEO")
    assert_fails(command("lint", "missing.srt"), 1, "missing.srt")


def test_lint_finds_what_breaks_the_rules(command: Home, inside: Callable[..., Done]) -> None:
    good = [Cue(0, 2, "Good morning."), Cue(3, 5, "How are you?")]
    write_cues(good, command.cwd / "good.srt")
    done = inside("lint", "good.srt")
    assert (done.returncode, done.stdout) == (0, "2 cues, 0 errors, 0 warnings\n")
    bad = [
        Cue(0, 3, "Good morning."),
        Cue(2, 2.4, "This is far too much to read in so little time."),
    ]
    write_cues(bad, command.cwd / "bad.srt")
    done = inside("lint", "bad.srt")
    assert done.returncode == 1
    assert all(rule in done.stdout for rule in ("overlap", "reading speed", "width", "duration"))
    assert done.stdout.endswith("2 cues, 3 errors, 1 warnings\n")


@pytest.mark.slow
def test_doctor_says_what_is_there_and_what_is_broken(command: Home) -> None:
    done = command("doctor")
    assert done.returncode == 0, done.stdout
    assert all(word in done.stdout for word in ("ffmpeg", "rapidocr", "fonts", "lake", "optional"))
    (command.root / "file").touch()
    done = command("doctor", MEDIA_PIPELINE_LAKE=str(command.root / "file"))
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
    assert "MEDIA_PIPELINE_LAKE" in done.stdout
    assert done.errors == ["media-pipeline: required and broken: lake"]
