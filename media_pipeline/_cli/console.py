"""What all commands share at the terminal: results, notes and progress, and how an error ends a
command.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from media_pipeline.errors import MediaPipelineError, printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.table import Table

DEBUG = "MEDIA_PIPELINE_DEBUG"
_PLAIN_WIDTH = 200  # of tables in files and pipes, where there is no terminal to fit


def debugging() -> bool:
    """Whether tracebacks and logs of libraries are wanted."""
    return bool(os.environ.get(DEBUG))


def say(text: str) -> None:
    """One line of result on stdout."""
    sys.stdout.write(printable(text) + "\n")


def note(text: str) -> None:
    """One line for the person at the terminal, on stderr."""
    sys.stderr.write(printable(text) + "\n")


def fail(error: BaseException) -> None:
    """Say on stderr, in one line, what went wrong."""
    note(f"media-pipeline: {describe(error)}")


def describe(error: BaseException) -> str:
    """An error in one line; one that is not ours says where to find out more."""
    if isinstance(error, MediaPipelineError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    what = " ".join(str(error).split()) or "no message"
    return (
        f"internal error, {type(error).__name__}: {what[:300]}: set {DEBUG}=1 to see the traceback"
    )


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; cells are plain text, whatever brackets or control characters they
    hold.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid: Table = Table(title=Text(printable(title)), title_justify="left", header_style="bold")
    for name in columns:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(
            *(Text("\n".join(printable(line) for line in cell.split("\n"))) for cell in row)
        )
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    Console(width=width, highlight=False).print(grid)


class Bars:
    """Progress bars by name on stderr; in a file or pipe one line for each that is finished."""

    def __init__(self, progress: RichProgress | None) -> None:
        self._progress = progress
        self._tasks: dict[str, int] = {}
        self._started: dict[str, float] = {}
        self._done: set[str] = set()

    def show(self, name: str, share: float) -> None:
        """Move the bar of that name to a share from 0 to 1."""
        name = printable(name)
        self._started.setdefault(name, time.monotonic())
        finished = share >= 1 and name not in self._done
        if finished:
            self._done.add(name)
        if self._progress is not None:
            from rich.progress import TaskID

            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, total=1.0)
            self._progress.update(TaskID(self._tasks[name]), completed=min(max(share, 0.0), 1.0))
        elif finished:
            note(f"{name}: done in {time.monotonic() - self._started[name]:.1f} s")

    def bar(self, name: str) -> Callable[[float], None]:
        """A stage's progress callback that moves one bar."""
        return lambda share: self.show(name, share)


@contextmanager
def bars() -> Iterator[Bars]:
    """Progress bars for the time of the block."""
    if not sys.stderr.isatty():
        yield Bars(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bars(progress)


@contextmanager
def timed(media_seconds: Callable[[], float | None]) -> Iterator[None]:
    """Say at the end of the block how long it took, also in multiples of real time."""
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    media = media_seconds()
    speed = f" ({media / seconds:.1f} × real time)" if media and seconds > 0 else ""
    note(f"done in {seconds:.1f} s{speed}")
