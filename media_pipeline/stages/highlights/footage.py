"""Reading a clip while it plays: frame by frame forward, and its sound at once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import EncodeFailed
from media_pipeline.media.audio import read_audio
from media_pipeline.media.decode import Frame, FrameReader, decode

Picture = NDArray[np.uint8]

_EPSILON_S = 0.001


class Footage:
    """The frames of a clip by time, read forward and one at a time; going back opens it again.

    The file is opened when the first frame is asked for, so that a reel of many clips has few open.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._path, self._size = path, size
        self._frames: FrameReader | None = None
        self._next: Frame | None = None
        self._shown: Picture | None = None
        self._asked = 0.0

    def frame(self, time: float) -> Picture:
        """The frame shown at a time, (h, w, 3) RGB. Asking for an earlier time than before is slow.

        Raises
        ------
        EncodeFailed
            when the clip has no frames.
        """
        if time < self._asked - _EPSILON_S:  # moviepy looks at the end while it puts parts together
            self.close()
            self._frames = self._shown = None
        self._asked = time
        if self._frames is None:
            self._frames = decode(self._path, width=self._size[0])
            self._next = next(self._frames, None)
        fresh = None
        while self._next is not None and (
            (fresh is None and self._shown is None) or self._next.time <= time + _EPSILON_S
        ):
            fresh = self._next.bgr()
            self._next = next(self._frames, None)
        if fresh is not None:
            self._shown = self._fitted(fresh)
        if self._shown is None:
            raise EncodeFailed(f"{self._path.name} has no frames to put in the reel")
        return self._shown

    def close(self) -> None:
        """Close the file."""
        if self._frames is not None:
            self._frames.close()

    def _fitted(self, picture: Picture) -> Picture:
        if picture.shape[1::-1] != self._size:
            picture = cv2.resize(picture, self._size).astype(np.uint8)
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8)


def stereo(path: Path, rate: int, length: float) -> NDArray[np.float32]:
    """The sound of a clip as exactly ``length`` seconds of stereo, (n, 2)."""
    samples = read_audio(path, rate=rate, mono=False)
    if samples.shape[1] == 1:
        samples = np.repeat(samples, 2, axis=1)
    elif samples.shape[1] > 2:
        # left, right and centre of the usual orders; 3 dB off the centre (ITU-R BS.775)
        mixed = (samples[:, :2] + 0.7071 * samples[:, 2:3]) / 1.7071
        samples = mixed.astype(np.float32)
    exact = np.zeros((round(length * rate), 2), np.float32)
    exact[: len(samples)] = samples[: len(exact)]
    return exact
