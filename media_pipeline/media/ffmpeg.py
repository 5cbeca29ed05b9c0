"""Running the ffmpeg binary: one argument list, progress, and a typed error with its last words."""

from __future__ import annotations

import functools
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from media_pipeline.errors import EncodeFailed, EngineUnavailable
from media_pipeline.media.container import source

__all__ = ["ffmpeg_path", "run", "source", "version"]

_KEPT_LINES = 2000
_SHOWN_LINES = 3


@functools.cache
def ffmpeg_path() -> str:
    """The ffmpeg binary in use: the one of ``imageio-ffmpeg`` (``IMAGEIO_FFMPEG_EXE`` overrides
    it).

    Raises
    ------
    EngineUnavailable
        when there is none.
    """
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise EngineUnavailable(
            "there is no ffmpeg binary",
            "reinstall imageio-ffmpeg, or name one in IMAGEIO_FFMPEG_EXE",
        ) from error


@functools.cache
def version() -> str:
    """The version of the binary, such as ``7.0.2``."""
    line = subprocess.run(
        [ffmpeg_path(), "-version"], capture_output=True, text=True, check=True
    ).stdout
    match = re.match(r"ffmpeg version (\S+)", line)
    return match.group(1) if match else line.partition("\n")[0]


def run(
    args: Sequence[str],
    *,
    duration: float | None = None,
    progress: Callable[[float], None] | None = None,
    cwd: Path | None = None,
) -> str:
    """Run ffmpeg and return what it wrote to stderr (its last 2000 lines).

    Parameters
    ----------
    args : arguments after ``ffmpeg -hide_banner -nostdin -y``. Name input files by :func:`source`.
    duration : seconds of the output, by which progress becomes a share.
    progress : called with the share that is done, from 0 to 1. When it raises, the child is killed.
    cwd : the child's working directory.

    Raises
    ------
    EncodeFailed
        with the last lines of stderr, when ffmpeg exits with an error.
    """
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", "-y"]
    if progress is not None and duration:
        command += ["-progress", "pipe:1", "-nostats"]
    child = subprocess.Popen(
        [*command, *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=cwd,
    )
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    report = functools.partial(_report, duration=duration, progress=progress)
    code = _follow(child, lines, report)
    if code != 0:
        shown = [text for text in (line.strip() for line in lines) if text][-_SHOWN_LINES:]
        raise EncodeFailed(f"ffmpeg failed ({code}): {' / '.join(shown) or 'it gave no reason'}")
    return "".join(lines)


def _follow(child: subprocess.Popen[str], lines: deque[str], report: Callable[[str], None]) -> int:
    """Read both pipes to their ends; the child does not outlive an exception."""
    assert child.stdout is not None  # noqa: S101 - for the type checker
    assert child.stderr is not None  # noqa: S101
    reader = threading.Thread(target=_collect, args=(child.stderr, lines), daemon=True)
    try:
        reader.start()
        for line in child.stdout:
            report(line)
        code = child.wait()
        reader.join()
        return code
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        reader.join(timeout=5)
        child.stdout.close()
        child.stderr.close()


def _collect(stream: IO[str], lines: deque[str]) -> None:
    for line in stream:
        lines.append(line)


def _report(line: str, duration: float | None, progress: Callable[[float], None] | None) -> None:
    if progress is None or not duration:
        return
    key, _, value = line.strip().partition("=")
    if key == "out_time_us" and value.lstrip("-").isdigit():
        progress(min(1.0, max(0.0, int(value) / 1e6 / duration)))
    elif key == "progress" and value == "end":
        progress(1.0)
