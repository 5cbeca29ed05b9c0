"""A track: one row of text from the first frame that shows it to the last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from media_pipeline.ocr.base import Picture
from media_pipeline.stages.captions.boundaries import HICCUP
from media_pipeline.stages.captions.edits import EditWatch
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.signature import Luma
from media_pipeline.stages.captions.template import Match, Template, high_pass, shifts

_LOWEST, _HIGHEST = 0.30, 0.55  # bounds of the level that counts as present
_OF_OWN_LEVEL = 0.65
_YOUNG_CONTRAST = 0.3  # of a template that still has much of the ground in it
_HALF_CONTRAST = 0.5  # of the text's own strength: where a fade is half over
_KNOWN = 3  # samples from which the track's own level is known
_DOUBTFUL = 5  # frames in a row for which a track may be doubtful
_GONE_LEVEL, _GONE_CONTRAST = 0.15, 0.2  # below either nothing of the text is left
_GONE_SHARE = 0.3  # of the track's own level
_SAME_PLACE = 0.3
_LOOSE = 0.75  # of a row's height: one that is so much lower was seen wrong before
_LOOSE_ENDS = 1.2  # row heights
_SAME_BOX = 0.8  # of each of two boxes that the other covers
_MARGIN = 0.15  # of the row height around the compared place
_RELIABLE = 0.6  # mean score of a cell from which its drop means something
_DROP = 0.45  # below the cell's own mean
_BROKEN = 0.3
_MEMORY = 8  # samples over which a cell's own mean is taken
_CONFIRMED = 4  # frames in a row for which a cell must be broken


@dataclass(frozen=True, slots=True)
class Crops:
    """The pictures of one row, in its native resolution."""

    mean: Picture
    single: Picture


class Presence(Enum):
    """Whether a frame shows a track's text."""

    SHOWN = auto()
    DOUBTFUL = auto()
    """Not clearly: washed out by the ground, or half faded."""
    GONE = auto()


class Track:
    """A row that is being followed.

    Parameters
    ----------
    text : where the detector saw it, in pixels of the working strip.
    index : the frame in which it was seen.
    luma : the working strip of that frame.
    """

    def __init__(self, text: PixelBox, index: int, luma: Luma) -> None:
        height, width = luma.shape
        margin = round(text.height * _MARGIN) + 1
        self.text = text
        self.width = width
        """Of the working strip."""
        self.box = text.padded(2 * margin, margin, width, height)
        """The place that is compared."""
        self.start = self.end = index
        """First and last frame of the track as far as it is known."""
        self.seen = index
        """The last frame that was looked at."""
        self.settled = False
        """Whether ``start`` has been searched for."""
        self.begins_with_shot = self.ends_with_shot = False
        """Whether the picture around it changes as well when it comes and when it goes."""
        self._smaller: PixelBox | None = None
        self.template = Template(self._detail(luma))
        self.edits = EditWatch(text, width, height, index)
        self._level = 1.0
        self._means: NDArray[np.float64] | None = None
        self._doubtful = self._gone = 0
        self._broken: NDArray[np.int64] = np.zeros(1, np.int64)
        self._intact = index
        self._staged: tuple[int, NDArray[np.float32], Match, Picture] | None = None
        self._sum: NDArray[np.float32] | None = None
        self._single: Picture | None = None
        self._summed = 0
        self._compared = self._shifted = 0

    @property
    def of_shot(self) -> bool:
        """Whether it comes and goes with a shot, as what is in the picture does."""
        return self.begins_with_shot and self.ends_with_shot

    @property
    def moves(self) -> bool:
        """Whether it was seen to run sideways at least as often as to stand: a ticker on a bar that
        stands.
        """
        return self._shifted > 0 and self._compared <= 2 * self._shifted

    def stands_on(self, other: Track) -> bool:
        """Whether both are on one line and at least one of them lies for the most part on the
        other.
        """
        covered = max(self.text.covered(other.text), other.text.covered(self.text))
        return self.text.same_line(other.text) and covered > _SAME_PLACE

    def is_loose_around(self, row: PixelBox) -> bool:
        """Whether the text was twice in a row seen to be only a part of where it was seen first:
        then something of the ground was taken for text.
        """
        smaller = (
            row.height < _LOOSE * self.text.height
            or row.width + _LOOSE_ENDS * row.height < self.text.width
        )
        again = (
            self._smaller is not None
            and min(row.covered(self._smaller), self._smaller.covered(row)) >= _SAME_BOX
        )
        self._smaller = row if smaller else None
        return smaller and again

    def _detail(self, luma: Luma) -> NDArray[np.float32]:
        box = self.box
        return high_pass(luma[box.top : box.bottom, box.left : box.right])

    def presence(self, luma: Luma) -> Presence:
        """Whether a strip shows the track's text, at half its contrast or more."""
        return self._judge(self.template.compare(self._detail(luma)))

    def _judge(self, match: Match) -> Presence:
        known = self._level if self.template.count >= _KNOWN else 0.0
        needed = min(_HIGHEST, max(_LOWEST, _OF_OWN_LEVEL * known))
        contrast = _HALF_CONTRAST if known else _YOUNG_CONTRAST
        if match.level >= needed and match.contrast >= contrast:
            return Presence.SHOWN
        if match.level < max(_GONE_LEVEL, _GONE_SHARE * known) or match.contrast < _GONE_CONTRAST:
            return Presence.GONE
        return Presence.DOUBTFUL

    def advance(self, index: int, luma: Luma) -> bool:
        """Look at the next frame; False when the track has ended, ``end`` then being its last
        frame.

        A track ends when it is gone, even for a moment, when it is doubtful for a fifth of a
        second, or when a part of it has been something else for some frames.
        """
        self.seen = index
        match = self.template.compare(self._detail(luma))
        presence = self._judge(match)
        if presence is not Presence.SHOWN:
            self._doubtful += 1
            self._gone += presence is Presence.GONE
            return self._gone <= HICCUP and self._doubtful <= _DOUBTFUL
        if self._gone:
            return False
        self._doubtful = 0
        breaks = self._breaks(match)
        self._broken = np.where(breaks, self._broken + 1, 0)
        if not breaks.any():
            self.end = self._intact = index
            return True
        if (self._broken >= _CONFIRMED).any():
            self.end = self._intact
            return False
        self.end = index
        return True

    def _breaks(self, match: Match) -> NDArray[np.bool_]:
        """The cells that do not show what they used to show."""
        if self._means is None:
            return np.zeros(match.cells.shape, np.bool_)
        with np.errstate(invalid="ignore"):
            return (
                (self._means >= _RELIABLE)
                & (match.cells < self._means - _DROP)
                & (match.cells < _BROKEN)
            )

    # --- samples ----------------------------------------------------------------------------------

    def take(self, index: int, luma: Luma, crop: Picture) -> None:
        """Take a sample: its strip, and the native crop of the row.

        It counts only once a later sample has shown that the text was still the same then.
        """
        before = self._staged
        self.commit()
        detail = self._detail(luma)
        if before is not None:
            self._compared += 1
            self._shifted += shifts(before[1], detail)
        self._staged = (index, detail, self.template.compare(detail), crop.copy())

    def commit(self) -> None:
        """Let the sample that was taken last count, if the track still stood then."""
        if self._staged is None:
            return
        index, detail, match, crop = self._staged
        self._staged = None
        if index > self.end:
            return
        if self._sum is None:
            self._sum = np.zeros(crop.shape, np.float32)
        else:
            self.template.add(detail)
            self._learn(match)
        self._sum += crop
        self._summed += 1
        if self._summed & (self._summed - 1) == 0:  # 1, 2, 4, 8, …: the last one is near the middle
            self._single = crop

    def _learn(self, match: Match) -> None:
        scores = match.cells.astype(np.float64)
        share = 1 / min(self.template.count, _MEMORY)
        if self._means is None:
            self._means, self._level = scores, match.level
            return
        known = np.where(np.isnan(self._means), scores, self._means)
        self._means = known + share * np.where(np.isnan(scores), 0, scores - known)
        self._level += share * (match.level - self._level)

    def rest_from(self, index: int, luma: Callable[[int], Luma]) -> Track | None:
        """The track of another text that has stood here since a frame, if a sample shows it.

        Parameters
        ----------
        luma : the working strip of a frame by number.
        """
        if self._staged is None or not index <= self._staged[0] <= self.end:
            return None
        sample, _, _, crop = self._staged
        rest = Track(self.text, sample, luma(sample))
        rest.take(sample, luma(sample), crop)
        rest.start, rest.end, rest.settled = index, self.end, True
        return rest

    def crops(self) -> Crops | None:
        """The mean and one of the pictures, or None before the first."""
        if self._sum is None or self._single is None:
            return None
        mean = np.clip(np.rint(self._sum / self._summed), 0, 255).astype(np.uint8)
        return Crops(mean, self._single)
