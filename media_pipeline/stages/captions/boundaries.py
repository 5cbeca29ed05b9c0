"""Exact boundaries: recent frames at the full rate, searched for the first and last that show a
row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from media_pipeline.stages.captions.signature import Luma

_SECONDS = 4.0  # long enough for the third sample at 2 per second to look back to the first frame
_FEWEST = 12  # frames, whatever their age: what is compared around a frame
_BYTES = 64 * 1024**2
HICCUP = (
    2  # frames for which a row may be lost (a flash, a bad frame) and still be the same showing
)


class FrameBuffer:
    """The last seconds of the working strip, one per frame of the film."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, Luma]] = deque()
        self._first = 0
        self._bytes = 0

    def append(self, time: float, luma: Luma) -> None:
        """Add the next frame; the oldest leave when they are too old or too many."""
        self._frames.append((time, luma))
        self._bytes += luma.nbytes
        while len(self._frames) > _FEWEST and (
            time - self._frames[0][0] > _SECONDS or self._bytes > _BYTES
        ):
            self._bytes -= self._frames.popleft()[1].nbytes
            self._first += 1

    @property
    def first(self) -> int:
        """The number of the oldest frame that is still here."""
        return self._first

    @property
    def last(self) -> int:
        """The number of the newest frame."""
        return self._first + len(self._frames) - 1

    @property
    def time(self) -> float:
        """The time of the newest frame."""
        return self._frames[-1][0]

    def luma(self, index: int) -> Luma:
        """The strip of the frame of that number."""
        return self._frames[index - self._first][1]

    def seconds(self, index: int) -> float:
        """How long ago the frame of that number came, or the oldest one that is still here."""
        return self.time - self._frames[max(0, index - self._first)][0]

    def before(self, seconds: float) -> Luma:
        """The strip shown that long before the newest, or the oldest there is."""
        now = self._frames[-1][0]
        for time, luma in reversed(self._frames):
            if now - time >= seconds:
                return luma
        return self._frames[0][1]


def furthest(indices: Iterable[int], present: Callable[[int], bool]) -> int | None:
    """Walk along frames that show a row and return the last one, or None when not even the first
    does.

    Gaps of up to two frames are walked over when two frames in a row show it again.
    """
    found: int | None = None
    missing, again = 0, 0
    for index in indices:
        if present(index):
            again += 1
            if missing == 0 or again > 1:
                found, missing = index, 0
        else:
            again = 0
            missing += 1
            if missing > HICCUP:
                break
    return found
