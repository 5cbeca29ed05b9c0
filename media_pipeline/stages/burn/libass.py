"""A drawing as files where ffmpeg's libass finds them, and the filter that draws it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import InvalidParameter
from media_pipeline.media import ffmpeg
from media_pipeline.media.decode import frame_at
from media_pipeline.media.encode import written_size
from media_pipeline.media.fonts import Font
from media_pipeline.media.luminance import Transfer, graphics, transfer_of
from media_pipeline.media.probe import VideoStream
from media_pipeline.stages.burn.drawing import Drawing
from media_pipeline.text.ass import recoloured
from media_pipeline.text.colours import Colour

# names inside a filter would need escaping on three levels: here they are all our own
DRAW = "ass=filename=captions.ass:fontsdir=fonts"
"""The filter, for ffmpeg that runs in the folder of :func:`put`."""


def put(drawing: Drawing, folder: Path, transfer: Transfer = "sdr") -> None:
    """Write a drawing into a folder, in the colours of a film that codes light in that way."""
    text = drawing.document
    if transfer != "sdr":
        text = recoloured(text, _for(transfer))
    (folder / "captions.ass").write_text(text, encoding="utf-8")
    _gather(drawing.fonts, folder / "fonts")


def _for(transfer: Transfer) -> Callable[[Colour], Colour]:
    coded = graphics(transfer)

    def change(colour: Colour) -> Colour:
        given = (colour.red / 255, colour.green / 255, colour.blue / 255)
        red, green, blue = (round(255 * part) for part in coded(given))
        return Colour(red, green, blue, colour.alpha)

    return change


def still(path: Path, video: VideoStream, drawing: Drawing, time: float, target: Path) -> None:
    """One frame of a film with the drawing on it.

    Parameters
    ----------
    path, video : the film, and what probing found in it.
    drawing : for the size of the picture written.
    time : in seconds: the frame that is shown then.
    target : ``.png`` or ``.jpg``.

    Raises
    ------
    InvalidParameter
        when the time is outside the film.
    NoVideoStream, TruncatedMedia, EncodeFailed
    """
    if not 0 <= time <= video.start + video.duration:
        raise InvalidParameter(
            f"time {time:.3f} s is not in {path.name}",
            f"give one from 0 to {video.start + video.duration:.3f}",
        )
    picture = frame_at(path, time)
    with TemporaryDirectory(prefix="media_pipeline_") as folder:
        scratch = Path(folder)
        put(drawing, scratch, transfer_of(path, video.index))
        draw_on(picture, written_size(video), time, scratch, target)


def draw_on(
    picture: NDArray[np.uint8],
    size: tuple[int, int],
    time: float,
    folder: Path,
    target: Path,
) -> None:
    """Draw what the folder's drawing shows at a time on a picture, (h, w, 3) BGR."""
    height, width = picture.shape[:2]
    (folder / "picture.bgr").write_bytes(picture.tobytes())
    ffmpeg.run(
        [
            *("-f", "rawvideo", "-pixel_format", "bgr24", "-video_size", f"{width}x{height}"),
            *("-i", "picture.bgr", "-frames:v", "1"),
            *("-vf", f"scale={size[0]}:{size[1]},setpts={time:.6f}/TB,format=bgr24,{DRAW}"),
            ffmpeg.source(target),
        ],
        cwd=folder,
    )


def _gather(fonts: Iterable[Font], folder: Path) -> None:
    """Put the font files, and no others, where libass looks for them."""
    folder.mkdir()
    for number, path in enumerate(sorted({font.path for font in fonts})):
        place = folder / f"{number:02d}{path.suffix}"
        try:
            place.symlink_to(path)
        except OSError:  # file systems without links
            shutil.copyfile(path, place)
