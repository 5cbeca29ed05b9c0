"""The command as scripts see it: exit codes, stdout against stderr, files whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from media_pipeline import cli
from media_pipeline._cli.outputs import new_file
from media_pipeline.media.probe import probe
from media_pipeline.report.comparison import match_cues
from media_pipeline.sample import Sample
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import read_cues, write_cues
from media_pipeline_tests.generators.films import SmallFilm, make_small_film
from media_pipeline_tests.generators.lakes import make_film

COMMANDS = [
    "demo",
    "process",
    "run",
    "transcribe",
    "highlights",
    "caption",
    "correct",
    "lint",
    "search",
    "add",
    "remove",
    "serve",
    "doctor",
]


class Done(subprocess.CompletedProcess[str]):
    """A finished command."""

    @property
    def errors(self) -> list[str]:
        """Its lines on stderr."""
        return self.stderr.splitlines()


class Home:
    """A place of its own for lake, inbox and Dagster; commands run in ``cwd``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cwd = root / "cwd"
        self.cwd.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MEDIA_PIPELINE_")}
        return kept | {
            "MEDIA_PIPELINE_LAKE": str(self.root / "lake"),
            "MEDIA_PIPELINE_INBOX": str(self.root / "inbox"),
            "MEDIA_PIPELINE_CACHE_DIR": str(self.root / "cache"),
            "DAGSTER_HOME": str(self.root / "dagster"),
        }

    def __call__(self, *arguments: str | Path, stdin: str = "", **variables: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "media_pipeline.cli", *map(os.fspath, arguments)],
            cwd=self.cwd,
            env=self.environment | variables,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Done(done.args, done.returncode, done.stdout, done.stderr)


@pytest.fixture
def command(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def inside(
    command: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """The command in this process, which saves the start of another for each bad argument."""
    for name in os.environ:
        if name.startswith("MEDIA_PIPELINE_"):
            monkeypatch.delenv(name)
    for name, value in command.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(command.cwd)

    def call(*arguments: str) -> Done:
        code = cli.run(list(arguments))
        captured = capsys.readouterr()
        return Done(arguments, code, captured.out, captured.err)

    return call


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that the tests of this module share, so that what is made once is found again."""
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> SmallFilm:
    folder = tmp_path_factory.mktemp("film")
    return make_small_film(folder / "film.mp4", folder / "work")


def assert_fails(done: Done, code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    last = done.errors[-1]
    assert last.startswith("media-pipeline: ")
    assert [line for line in done.errors if "media-pipeline: " in line] == [last]
    for word in words:
        assert word in last


# --- without media --------------------------------------------------------------------------------


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
            ("run", "CaptionExtraction", "x.mp4", "o.srt", "--params", '{"fps": 30}'),
            ["JobParams.fps", "30", "10"],
        ),
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


# --- on a lake ------------------------------------------------------------------------------------


def test_search_finds_captions_words_and_items(command: Home, inside: Callable[..., Done]) -> None:
    film = make_film(command.root / "lake", name="Episode [red]1[/red].mp4", clip=False)
    listed = inside("search", "")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert film.key in listed.stdout
    assert "Episode [red]1[/red].mp4" in listed.stdout
    for text, where, at in [
        ("没有时间", "captions", "00:00:08.000"),
        ("NO  time LEFT", "words", "00:00:08.9"),
        ("<script>", "captions", "00:00:04.000"),
    ]:
        done = inside("search", text)
        assert done.returncode == 0
        assert any(where in line and at in line for line in done.stdout.splitlines()), text
    done = inside("search", "nowhere to be found")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing found" in done.stderr


def test_remove_asks_and_removes_everything(command: Home) -> None:
    film = make_film(command.root / "lake", clip=False)
    done = command("remove", film.key, stdin="n\n")
    assert done.returncode == 1
    assert film.store.media.all()
    done = command("remove", film.key[:-2], "--yes")
    assert done.returncode == 0, done.stderr
    assert film.key in done.stdout
    assert film.store.media.all() == []
    assert not list((command.root / "lake").glob(f"*/{film.key}"))


def test_a_name_of_any_kind_is_added_and_shown_harmlessly(command: Home, clip: Path) -> None:
    odd = command.cwd / "-a\nb\x1b[31m 'c' \"d\" 📽 %s:e.mp4"
    odd.write_bytes(clip.read_bytes())
    done = command("add", "--", odd.name)
    assert done.returncode == 0, done.stderr
    (key,) = done.stdout.splitlines()
    listed = command("search", "").stdout
    assert key in listed
    assert "\x1b" not in listed
    assert "-a\\nb\\x1b[31m" in listed.replace("│", "").replace("\n", "").replace(" ", "")


def test_correct_puts_a_person_first(command: Home, clip: Path) -> None:
    key = command("add", clip).stdout.strip()
    write_cues([Cue(0.2, 1.0, "what I say")], command.cwd / "mine.srt")
    done = command("correct", key, "mine.srt")
    assert done.returncode == 0, done.stderr
    assert key in done.stdout
    found = command("search", "what i say")
    assert key in found.stdout
    (command.cwd / "bad.srt").write_text("no captions here")
    assert_fails(command("correct", key, "bad.srt"), 1, "bad.srt")


# --- on a film ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def processed(home: Home, film: SmallFilm) -> Iterator[tuple[Done, Path]]:
    out = home.cwd / "results"
    yield home("process", film.path, "--out", out, "--set", "highlight_candidates.count=1"), out


@pytest.mark.slow
def test_process_exports_everything(processed: tuple[Done, Path], film: SmallFilm) -> None:
    done, out = processed
    assert done.returncode == 0, done.stderr
    for asset in ("source", "ocr_cues", "captions", "highlight_candidates", "captioned_video"):
        assert asset in done.stdout
        assert f"{asset}: done in" in done.stderr
    assert "rapidocr" in done.stdout
    assert f"results in {out}" in done.stdout
    assert "× real time)" in done.stderr
    names = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert names >= {
        *("captions.srt", "transcript.srt", "transcript.json", "words.json"),
        *("highlights.json", "report.html", "clips/clip_01.mp4"),
    }
    assert not [name for name in names if name.startswith(".") or "tmp" in name]
    found = read_cues(out / "captions.srt")
    matches = match_cues(film.captions, found)
    assert sum(m.character_errors for m in matches) == 0
    assert max(abs(m.start_error or 0) + abs(m.end_error or 0) for m in matches) < 0.2


@pytest.mark.slow
def test_words_and_highlights_have_the_promised_shape(
    processed: tuple[Done, Path], film: SmallFilm
) -> None:
    _, out = processed
    words = json.loads((out / "words.json").read_text())
    transcript = json.loads((out / "transcript.json").read_text())
    if film.spoken:
        assert [w["word"] for w in words][:3] == ["Please", "open", "the"]
        assert all(set(w) == {"word", "start", "end", "score", "source"} for w in words)
        assert [w for cue in transcript["cues"] for w in cue["words"]] == words
    result = json.loads((out / "highlights.json").read_text())
    (one,) = result["HighlightResults"]
    (span,) = one["TimeRanges"]
    assert set(span) >= {"In", "Out", "Score", "Signals", "Tags", "OutputURL"}
    assert (out / span["OutputURL"]).is_file()
    clip = probe(out / span["OutputURL"])
    assert clip.duration == pytest.approx(span["Out"] - span["In"], abs=0.1)


@pytest.mark.slow
def test_the_report_stands_beside_what_it_links_to(processed: tuple[Done, Path]) -> None:
    _, out = processed
    page = (out / "report.html").read_text()
    assert "Please open the window and listen." in page
    assert 'href="clips/clip_01.mp4"' in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_a_second_run_finds_everything_made(
    home: Home, processed: tuple[Done, Path], film: SmallFilm
) -> None:
    _, out = processed
    done = home("process", film.path, "--out", out, "--set", "highlight_candidates.count=1")
    assert done.returncode == 0
    rows = [line for line in done.stdout.splitlines() if "│" in line]
    assert sum("reused" in row for row in rows) >= 13


@pytest.mark.slow
def test_several_films_have_a_folder_each_and_one_failure_fails(
    home: Home, processed: tuple[Done, Path], film: SmallFilm
) -> None:
    out = home.cwd / "several"
    again = home.cwd / "-odd '[name]' 📽.mp4"
    again.write_bytes(film.path.read_bytes())
    count = "highlight_candidates.count=1"
    done = home("process", "--out", out, "--set", count, "--", film.path, again.name, "gone.mp4")
    assert done.returncode == 1
    assert sorted(p.name for p in out.iterdir()) == ["-odd '[name]' 📽", "film"]
    assert (out / "film" / "report.html").is_file()
    assert done.errors[-1].startswith("media-pipeline: no such file: ")
    assert "gone.mp4" in done.errors[-1]


@pytest.mark.slow
def test_run_caption_extraction(home: Home, film: SmallFilm) -> None:
    done = home(
        *("run", "CaptionExtraction", film.path, "out.srt"),
        *("--params", json.dumps({"track": "main", "formatter": "{\\an8}", "lang": "en"})),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}
    text = (home.cwd / "out.srt").read_text()
    assert text.count("{\\an8}") == 2
    assert film.captions[0].text in text
    done = home(
        *("run", "CaptionExtraction", film.path, "new/folder/{resultType}.srt"),
        *("--params", json.dumps({"track": "main", "sep": True})),
    )
    assert done.returncode == 0, done.stderr
    assert film.captions[1].text in (home.cwd / "new" / "folder" / "en.srt").read_text()
    assert (home.cwd / "new" / "folder" / "zh.srt").read_text() == ""


@pytest.mark.slow
def test_run_video_clip(home: Home, film: SmallFilm) -> None:
    done = home("run", "VideoClip", film.path, "short.mp4", "--params", '{"duration": 3}')
    assert done.returncode == 0, done.stderr
    spans = [
        (float(s["StartTime"]), float(s["EndTime"]))
        for s in json.loads(done.stdout)["VideoSummaryList"]
    ]
    assert spans == sorted(spans)
    total = sum(end - start for start, end in spans)
    assert total <= 3.05
    info = probe(home.cwd / "short.mp4")
    assert info.duration == pytest.approx(total, abs=0.1 * len(spans))
    assert info.audio
    (start, end), *_ = spans
    assert min(end, film.highlight[1]) - max(start, film.highlight[0]) > 1.5
    done = home("run", "VideoClip", film.path, "long.mp4", "--params", '{"duration": 60}')
    assert_fails(done, 1, "JobParams.duration", "8.0")
    assert not (home.cwd / "long.mp4").exists()


@pytest.mark.slow
def test_transcribe_writes_what_is_said(home: Home, film: SmallFilm) -> None:
    if not film.spoken:
        pytest.skip("no speech synthesiser is installed")
    done = home("transcribe", film.path, "said.json", "--language", "en")
    assert done.returncode == 0, done.stderr
    assert "engine: " in done.stderr
    cues = json.loads((home.cwd / "said.json").read_text())["cues"]
    assert cues[0]["text"] == film.captions[0].text
    assert [w["word"] for w in cues[0]["words"]] == film.captions[0].text.split()
    done = home("transcribe", film.path, "late.srt", "--language", "en", "--start", "00:00:05")
    assert done.returncode == 0, done.stderr
    late = read_cues(home.cwd / "late.srt")
    assert [cue.text for cue in late] == [film.captions[1].text]
    assert late[0].start > 5


@pytest.mark.slow
def test_transcribe_aligns_a_script(home: Home, film: SmallFilm) -> None:
    if not film.spoken:
        pytest.skip("no speech synthesiser is installed")
    (home.cwd / "script.txt").write_text("\n".join(cue.text for cue in film.captions))
    done = home("transcribe", film.path, "script.vtt", "--script", "script.txt", "--language", "en")
    assert done.returncode == 0, done.stderr
    cues = read_cues(home.cwd / "script.vtt")
    assert [cue.text for cue in cues] == [cue.text for cue in film.captions]
    assert all(
        abs(cue.start - known.start) < 0.4 for cue, known in zip(cues, film.captions, strict=True)
    )


@pytest.mark.slow
def test_transcribe_without_an_engine_fails_and_writes_nothing(home: Home, clip: Path) -> None:
    done = home("transcribe", clip, "nowhere/none.srt", "--language", "fi")
    assert done.returncode == 1
    assert done.stdout == ""
    assert not (home.cwd / "nowhere").exists()


@pytest.mark.slow
def test_highlights_writes_json_and_clips_when_asked(home: Home, film: SmallFilm) -> None:
    done = home("highlights", film.path, "best", "--count", "1", "--clip-duration", "3")
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (home.cwd / "best").iterdir()] == ["highlights.json"]
    done = home("highlights", film.path, "best", "--count", "1", "--clip-duration", "3", "--export")
    assert done.returncode == 0, done.stderr
    names = sorted(p.name for p in (home.cwd / "best").iterdir())
    assert names == ["clip_01.mp4", "highlights.json"]
    result = json.loads((home.cwd / "best" / "highlights.json").read_text())
    (span,) = result["HighlightResults"][0]["TimeRanges"]
    assert span["OutputURL"] == "clip_01.mp4"
    both = min(span["Out"], film.highlight[1]) - max(span["In"], film.highlight[0])
    assert both / (max(span["Out"], film.highlight[1]) - min(span["In"], film.highlight[0])) > 0.5


@pytest.mark.slow
def test_caption_draws_a_file(home: Home, clip: Path) -> None:
    write_cues([Cue(0.5, 1.5, "HELLO")], home.cwd / "hello.srt")
    done = home("caption", clip, "hello.mp4", "--captions", "hello.srt")
    assert done.returncode == 0, done.stderr
    assert probe(home.cwd / "hello.mp4").duration == pytest.approx(probe(clip).duration, abs=0.05)
    done = home("caption", clip, "bad.mp4", "--captions", clip)
    assert done.returncode == 1
    assert not (home.cwd / "bad.mp4").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["caption", "process"])
def test_nothing_half_written_is_left_when_a_command_is_stopped(
    command: Home, film: SmallFilm, name: str
) -> None:
    arguments = [str(film.path), *(["out.mp4"] if name == "caption" else ["--out", "out"])]
    process = subprocess.Popen(
        [sys.executable, "-m", "media_pipeline.cli", name, *arguments],
        cwd=command.cwd,
        env=command.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "reading the file: done" in line:
            break
    time.sleep(1.5)
    process.terminate()
    rest = process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()
    assert process.returncode in (130, 143)
    assert "Traceback" not in rest
    assert list(command.cwd.iterdir()) == []
    assert not list((command.root / "lake").glob("*/*/*/.*"))


@pytest.mark.slow
def test_demo_holds_what_was_found_against_what_was_planted(
    film: SmallFilm, inside: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sample = Sample(
        film.path,
        list(film.captions),
        [film.highlight],
        list(film.captions) if film.spoken else [],
        ["something is missing here: install it"],
    )
    monkeypatch.setattr("media_pipeline.sample.make_sample", lambda folder, progress: sample)
    done = inside("demo", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "note: something is missing here: install it" in done.errors
    for cue in film.captions:
        (row,) = [line for line in done.stdout.splitlines() if line.count(cue.text) == 2]
        assert [cell.strip() for cell in row.split("│")[3:6]] == ["0", "+0 ms", "+0 ms"]
    assert "2.60 – 5.60 s" in done.stdout
    assert str(tmp_path / "out" / "report.html") in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()
    sample.captions.append(Cue(3.0, 4.0, "never shown"))
    done = inside("demo", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "MISSED" in done.stdout
    assert done.errors[-1] == "media-pipeline: 1 of 3 planted captions were not found"


def test_a_reader_that_stops_early_is_no_error(command: Home) -> None:
    make_film(command.root / "lake", clip=False)
    done = subprocess.run(
        f"{sys.executable} -m media_pipeline.cli search '' | head -c 1",
        shell=True,
        cwd=command.cwd,
        env=command.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
