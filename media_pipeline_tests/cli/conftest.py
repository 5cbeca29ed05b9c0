"""Running the command in a place of its own, in this process or another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline import cli
from media_pipeline_tests.generators.films import SmallFilm, make_small_film


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
