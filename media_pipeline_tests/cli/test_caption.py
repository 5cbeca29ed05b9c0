"""``caption`` as scripts see it: what it draws and previews, and what it refuses in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from media_pipeline.media.decode import decode, frame_at
from media_pipeline.media.probe import probe
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import write_cues
from media_pipeline_tests.cli.conftest import Done, Home, assert_fails
from media_pipeline_tests.generators.films import SmallFilm

CUE = "1\n00:00:00,200 --> 00:00:00,800\num hello there\n"


@pytest.mark.slow
def test_a_file_is_drawn(home: Home, clip: Path) -> None:
    write_cues([Cue(0.5, 1.5, "HELLO")], home.cwd / "hello.srt")
    done = home("caption", clip, "hello.mp4", "--captions", "hello.srt")
    assert done.returncode == 0, done.stderr
    assert probe(home.cwd / "hello.mp4").duration == pytest.approx(probe(clip).duration, abs=0.05)
    done = home("caption", clip, "bad.mp4", "--captions", clip)
    assert done.returncode == 1
    assert not (home.cwd / "bad.mp4").exists()


@pytest.mark.slow
def test_text_is_drawn_as_it_is_asked_for(
    command: Home, inside: Callable[..., Done], clip: Path
) -> None:
    def changed(name: str, *more: str) -> list[int]:
        arguments = ("--captions", CUE, "--replace", '[{"find": "UM", "replace": ""}]', *more)
        done = inside("caption", str(clip), name, *arguments)
        assert done.returncode == 0, done.stderr
        pairs = zip(decode(clip), decode(command.cwd / name), strict=True)
        return [int((abs(a.luma.astype(int) - b.luma) > 60).sum()) for a, b in pairs]

    plain = changed("plain.mp4")
    rate = len(plain) / probe(clip).duration
    shown = [n for n, count in enumerate(plain) if count > 30]
    assert (shown[0] / rate, shown[-1] / rate) == pytest.approx((0.2, 0.8), abs=1.1 / rate)
    excluded = '[{"start": "00:00:00.400", "end": "00:00:00.600"}]'
    left = [n for n, count in enumerate(changed("less.mp4", "--exclude", excluded)) if count > 30]
    assert left == [n for n in shown if not 0.4 <= n / rate + 1e-6 < 0.6]
    settings = '{"style": "word_by_word", "estimate_word_times": true, "position": "top_left"}'
    assert changed("words.mp4", "--settings", settings) != plain


@pytest.mark.slow
def test_what_is_said_is_drawn_in_the_style_asked_for(
    command: Home, inside: Callable[..., Done], film: SmallFilm
) -> None:
    if not film.spoken:
        pytest.skip("no speech synthesiser is installed")
    style = '{"style": "highlight", "position": "top_center"}'
    done = inside("caption", str(film.path), "out.mp4", "--language", "en", "--settings", style)
    assert done.returncode == 0, done.stderr
    assert "in style highlight" in done.stdout
    changed = []
    for before, after in zip(decode(film.path), decode(command.cwd / "out.mp4"), strict=True):
        upper = slice(before.luma.shape[0] // 2)
        far = abs(before.luma[upper].astype(int) - after.luma[upper]) > 60
        changed.append(int(far.sum()))
    assert max(changed) > 100
    assert min(changed) < 30


def test_one_frame_is_previewed(command: Home, inside: Callable[..., Done], clip: Path) -> None:
    done = inside("caption", str(clip), "frame.png", "--captions", "Hello", "--preview", "0.5")
    assert done.returncode == 0, done.stderr
    picture = cv2.imread(str(command.cwd / "frame.png"))
    assert picture is not None
    before = frame_at(clip, 0.5)
    assert picture.shape == before.shape
    assert (abs(picture.astype(int) - before) > 60).sum() > 100
    assert not (command.root / "lake").exists(), "it leaves nothing behind"
    done = inside("caption", str(clip), "late.png", "--captions", "Hello", "--preview", "1:00:00")
    assert_fails(done, 1, "3600.000 s is not in")


def test_a_preview_loads_only_what_it_needs(command: Home, clip: Path) -> None:
    asked = ["caption", str(clip), "frame.png", "--captions", "Hello", "--preview", "0.5"]
    heavy = ["pyarrow", "pandas", "scipy", "dagster", "media_pipeline.runner", "moviepy"]
    code = f"import sys; from media_pipeline import cli; assert cli.run({asked!r}) == 0; "
    code += f"print([name for name in {heavy!r} if name in sys.modules])"
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=command.cwd, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--captions", ""), ["holds nothing"]),
        (("--captions", "missing.srt"), ["missing.srt", "no such file"]),
        (("--captions", "empty.srt"), ["empty.srt", "0 bytes"]),
        (("--captions", "x", "--settings", "{"), ["--settings is not JSON"]),
        (("--captions", "x", "--settings", '{"style": "neon"}'), ["style", "karaoke"]),
        (("--captions", "x", "--settings", '{"style": "pop"}'), ["estimate_word_times"]),
        (("--captions", "x", "--settings", '{"font_family": "Nope"}'), ["'Nope'", "available"]),
        (("--captions", "x", "--replace", '[{"find": "", "replace": ""}]'), ["empty find"]),
        (("--captions", "x", "--replace", '[{"find": "x", "replace": ""}]'), ["no text"]),
        (("--captions", "x", "--exclude", '[{"start": "1", "end": "2"}]'), ["hh:mm:ss.ms"]),
    ],
)
def test_what_is_wrong_is_said(
    command: Home,
    inside: Callable[..., Done],
    clip: Path,
    arguments: tuple[str, ...],
    words: list[str],
) -> None:
    (command.cwd / "empty.srt").touch()
    done = inside("caption", str(clip), "out.mp4", *arguments)
    assert done.returncode == 1, done.stderr
    for word in words:
        assert word in done.errors[-1]
    assert not (command.cwd / "out.mp4").exists()


@pytest.mark.parametrize(
    ("name", "content", "more", "words"),
    [
        ("new.srt", None, (), ["new.srt", "no such file"]),
        ("new.srt", "", (), ["new.srt", "0 bytes"]),
        ("new.srt", "nothing", (), ["new.srt"]),
        ("new.txt", "text alone", (), ["no times", "SRT"]),
        ("new.srt", CUE, ("--settings", "{"), ["--settings is not JSON"]),
        ("new.srt", CUE, ("--settings", '{"style": "neon"}'), ["karaoke"]),
    ],
)
def test_what_cannot_be_localised_is_said(
    command: Home,
    inside: Callable[..., Done],
    clip: Path,
    name: str,
    content: str | None,
    more: tuple[str, ...],
    words: list[str],
) -> None:
    if content is not None:
        (command.cwd / name).write_text(content)
    assert_fails(inside("localise", str(clip), name, "out.mp4", *more), 1, *words)
    assert not (command.cwd / "out.mp4").exists()


@pytest.mark.slow
def test_a_film_without_captions_is_localised_with_a_note(
    command: Home, inside: Callable[..., Done], clip: Path
) -> None:
    (command.cwd / "new.srt").write_text(CUE)
    done = inside("localise", str(clip), "new.srt", "out.mp4")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{command.cwd / 'out.mp4'}\n"
    assert any("no captions in its picture" in line for line in done.errors)
    assert (command.cwd / "out.mp4").exists()
