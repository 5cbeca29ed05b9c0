"""The command ``media-pipeline``: its list of subcommands, and how each of them ends.

Results go to stdout, everything else to stderr. Exit code 0 is done, 1 an error told in one line, 2
wrong usage.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import typer

from media_pipeline import __version__
from media_pipeline._cli import (
    caption,
    console,
    demo,
    functions,
    highlights,
    lake,
    lint,
    localise,
    process,
    service,
    transcribe,
)
from media_pipeline._cli.options import StageCommand

_UsageError: Any = typer.BadParameter.__mro__[
    1
]  # typer brings its own click or uses the installed one

app = typer.Typer(
    name="media-pipeline",
    help="A self-hosted media pipeline: captions, transcripts, highlights, captioned video.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_COMMANDS: tuple[Callable[..., None], ...] = (
    demo.demo,
    process.process,
    functions.run,
    transcribe.transcribe,
    highlights.highlights,
    caption.caption,
    localise.localise,
    lake.correct,
    lint.lint,
    lake.search,
    lake.add,
    lake.remove,
    service.serve,
    service.doctor,
)
for command in _COMMANDS:
    app.command(cls=StageCommand)(command)


def _version(wanted: bool) -> None:
    if wanted:
        console.say(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="show the version"
    ),
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit with its code."""
    signal.signal(signal.SIGTERM, _terminated)
    # A signal that comes while a connection is put away would be told with a traceback; the command
    # ends because of it all the same, and says so itself.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a file name may hold what the terminal cannot show
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    try:
        code = app(args=arguments, prog_name="media-pipeline", standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "media-pipeline"
        message = " ".join(error.format_message().split())
        console.note(f"media-pipeline: {message} (see `{where} --help`)")
        return 2
    except typer.Abort:
        console.note("media-pipeline: aborted")
        return 1
    except KeyboardInterrupt:
        console.note("media-pipeline: interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # nobody reads on, not even at exit
        return 1
    except Exception as error:
        if console.debugging():
            raise
        console.fail(error)
        return 1
    return code if isinstance(code, int) else 0


def _terminated(_signal: int, _frame: object) -> NoReturn:
    """End as by an exception, so that unfinished files are removed and children are ended."""
    raise SystemExit(143)


if __name__ == "__main__":
    main()
