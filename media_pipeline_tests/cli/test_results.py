"""What the command makes and finds, on a lake and on films: files whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from media_pipeline.media.probe import probe
from media_pipeline.report.comparison import match_cues
from media_pipeline.sample import Sample
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import read_cues, write_cues
from media_pipeline_tests.cli.conftest import Done, Home, assert_fails
from media_pipeline_tests.generators.films import SmallFilm
from media_pipeline_tests.generators.lakes import make_film

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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    if film.spoken:
        moved = read_cues(out / "captions.spoken.srt")
        assert [cue.text for cue in moved] == [cue.text for cue in film.captions]
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
    done = home("run", "VideoClip", film.path, "short.mp4", "--params", '{"duration": 4}')
    assert done.returncode == 0, done.stderr
    spans = [
        (float(s["StartTime"]), float(s["EndTime"]))
        for s in json.loads(done.stdout)["VideoSummaryList"]
    ]
    assert spans == sorted(spans)
    total = sum(end - start for start, end in spans)
    assert total <= 4.05
    info = probe(home.cwd / "short.mp4")
    assert info.duration == pytest.approx(total, abs=0.1 * len(spans))
    assert info.audio
    for cue in film.captions if film.spoken else ():  # what is said is kept whole or left out
        kept = sum(max(0.0, min(e, cue.end) - max(s, cue.start)) for s, e in spans)
        assert kept == pytest.approx(0, abs=0.2) or kept == pytest.approx(cue.duration, abs=0.2)
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
    apart = {"MEDIA_PIPELINE_LAKE": str(home.root / "apart")}
    arguments = ("--script", "script.txt", "--language", "en")
    done = home("transcribe", film.path, "script.vtt", *arguments, **apart)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (home.root / "apart").iterdir()}
    assert "transcript" in made
    assert not made & {"ocr_cues", "captions"}  # nothing was read off the picture
    done = home("lint", "script.vtt", "--video", film.path, **apart)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 cues, 0 errors, 0 warnings")
    cues = read_cues(home.cwd / "script.vtt")
    assert [cue.text for cue in cues] == [cue.text for cue in film.captions]
    assert all(
        abs(cue.start - known.start) < 0.4 for cue, known in zip(cues, film.captions, strict=True)
    )


@pytest.mark.slow
def test_transcribe_without_an_engine_fails_and_writes_nothing(home: Home, clip: Path) -> None:
    done = home("transcribe", clip, "none.srt", "--engine", "whisperx")
    assert done.returncode == 1
    assert "not installed" in done.stderr
    assert "audio" not in done.stderr  # it is said before anything is made
    done = home("transcribe", clip, "nowhere/none.srt", "--language", "fi")
    assert done.returncode == 1
    assert done.stdout == ""
    assert not (home.cwd / "nowhere").exists()


@pytest.mark.slow
def test_highlights_writes_json_and_clips_when_asked(home: Home, film: SmallFilm) -> None:
    plain = ("--count", "1", "--clip-duration", "3", "--allow-non-speech")
    done = home("highlights", film.path, "best", *plain)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (home.cwd / "best").iterdir()] == ["highlights.json"]
    done = home("highlights", film.path, "best", *plain, "--export")
    assert done.returncode == 0, done.stderr
    names = sorted(p.name for p in (home.cwd / "best").iterdir())
    assert names == ["clip_01.mp4", "highlights.json"]
    result = json.loads((home.cwd / "best" / "highlights.json").read_text())
    (span,) = result["HighlightResults"][0]["TimeRanges"]
    assert span["OutputURL"] == "clip_01.mp4"
    both = min(span["Out"], film.highlight[1]) - max(span["In"], film.highlight[0])
    assert both / (max(span["Out"], film.highlight[1]) - min(span["In"], film.highlight[0])) > 0.5
    assert set(span["Signals"]) >= {"loudness", "motion"}
    asked = ("--export", "--name", "x_{index}.mp4", "--width", "160", "--height", "160")
    done = home("highlights", film.path, film.path, "two", *plain, *asked, "--action", "Fight")
    assert done.returncode == 0, done.stderr
    result = json.loads((home.cwd / "two" / "highlights.json").read_text())
    first, second = result["HighlightResults"]
    assert first["UnsupportedActions"] == ["Fight"]
    assert [r["In"] for r in first["TimeRanges"]] == [span["In"]]
    assert span["In"] not in [r["In"] for r in second["TimeRanges"]], "it was shown already"
    clip = probe(home.cwd / "two" / "x_0.mp4")
    assert clip.video is not None
    assert (clip.video.width, clip.video.height) == (160, 160)


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
    time.sleep(1.0)
    process.terminate()
    rest = process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()
    assert process.returncode in (130, 143), rest
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
