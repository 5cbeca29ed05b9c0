"""Output files: checked before any work is done, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import typer

from media_pipeline.errors import printable
from media_pipeline.media.files import atomic_path


def check_output(output: Path, media: str, suffixes: tuple[str, ...] = ()) -> Path:
    """The output's absolute path.

    Raises
    ------
    typer.BadParameter
        when it is a folder, would replace the input, or has a suffix that is none of ``suffixes``.
    """
    shown = printable(output)
    if output.is_dir():
        raise typer.BadParameter(f"{shown} is a folder, give the name of a file")
    if output.exists() and Path(media).exists() and output.samefile(media):
        raise typer.BadParameter(f"{shown} is the input: give another name for the output")
    if suffixes and output.suffix.lower() not in suffixes:
        wanted = " or ".join(suffixes)
        raise typer.BadParameter(f"{shown} must end in {wanted}")
    return output.absolute()


def check_folder(folder: Path) -> Path:
    """The output folder's absolute path; it need not be there yet.

    Raises
    ------
    typer.BadParameter
        when it, or what it would be made in, is a file.
    """
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        if place.exists():
            if not place.is_dir():
                raise typer.BadParameter(f"{printable(place)} is a file, not a folder")
            break
    return folder


@contextmanager
def new_file(output: Path) -> Iterator[Path]:
    """A temporary file that becomes ``output`` when the block succeeds.

    Folders that are missing are made, and removed again when the block fails.
    """
    missing = [place for place in output.parents if not place.exists()]
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_path(output) as temporary:
            yield temporary
    except BaseException:
        with suppress(OSError):  # somebody else has put something there meanwhile
            for place in missing:
                place.rmdir()
        raise
