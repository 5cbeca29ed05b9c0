"""Where the faces of a film are, found before anything is changed: what has none is not coded."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from pathlib import Path

from media_pipeline.media.decode import decode
from media_pipeline.media.face_tracks import FollowedFace, follow
from media_pipeline.media.faces import WIDTH
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import VideoStream
from media_pipeline.stages.base import Progress, quiet

_NUMBERS = 7  # of a face: time, number, weight and box
_SAME_S = 0.001  # times of one picture, read in two ways
_GAP_S = 0.5  # without a face, for which one span is not made two


class FilmFaces:
    """The faces of all pictures of a film, in some fifty bytes each."""

    def __init__(self) -> None:
        self.pictures = 0
        self._rows = array("d")
        self._times = array("d")

    def add(self, time: float, faces: list[FollowedFace]) -> None:
        """Note the faces of the next picture, shown at that time (seconds)."""
        self.pictures += 1
        for face in faces:
            self._times.append(time)
            box = face.box
            self._rows.extend((time, face.number, face.weight, box.x, box.y, box.w, box.h))

    def at(self, time: float) -> list[FollowedFace]:
        """The faces of the picture of that time."""
        found = []
        for row in range(bisect_left(self._times, time - _SAME_S), len(self._times)):
            if self._times[row] > time + _SAME_S:
                break
            _, number, weight, *box = self._rows[row * _NUMBERS : (row + 1) * _NUMBERS]
            found.append(FollowedFace(int(number), Box(*box), weight))
        return found

    def spans(self, step: float) -> list[tuple[float, float]]:
        """Seconds from which to which there are faces; a picture lasts ``step``."""
        found: list[tuple[float, float]] = []
        for time in self._times:
            if found and time - found[-1][1] < _GAP_S:
                found[-1] = found[-1][0], time + step
            else:
                found.append((time, time + step))
        return found


def find_faces(path: Path, video: VideoStream, *, progress: Progress = quiet) -> FilmFaces:
    """Look at every picture of a film, small, for its faces.

    Parameters
    ----------
    video : what probing found of its picture.
    progress : called with the seconds that are done.

    Raises
    ------
    NotMedia, NoVideoStream, TruncatedMedia
    """
    share = min(1.0, WIDTH / max(video.width, video.height))
    found = FilmFaces()
    frames = decode(path, width=max(2, round(share * video.width)))
    for frame, faces in follow(frames, lambda f: (f.time, f.luma)):
        found.add(frame.time, faces)
        progress(frame.time)
    return found
