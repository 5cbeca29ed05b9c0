"""Finding marks: edges that stay while the picture around them changes.

Pictures spread over the film are compared, each with the last one that differs. Where the
surroundings have changed and an edge has not, that counts for a mark; where the edge has gone as
well, against it. A mark is plain in most pictures, or so faint that only their mean shows it, which
then has to be the same in all stretches of the film. Nothing is learnt from pictures that are
alike: in a film in which nothing moves no mark is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.delogo.shape import Field, Mask, Span, bearing, spans_shown

Slopes = NDArray[np.float16]
"""(h, w, 2): how the brightness rises to the right and downwards, grey levels per pixel."""

_WIDTH = 480  # of the pictures that are compared
_MOST = 160  # of them
_STEP_S = 0.16  # between them at least
_FINE = 4.0  # pixels: what is coarser, such as clouds, has no edges
_EDGE = 4.0  # grey levels per pixel from which there is an edge
_ALONG = 0.8  # cosine between the directions of one edge in two pictures
_AROUND = 0.24  # of the width: the surroundings of a pixel
_CHANGED = 4.0  # grey levels by which a pixel that has changed differs
_DIFFERENT = 0.3  # of a picture's pixels that have changed since the last one that is compared
_NONE, _ALL = 0.4, 0.7  # of the surroundings that has changed, for no evidence and for all of it
_SHARE, _LEAST_NEEDED, _MOST_NEEDED = 0.4, 1.7, 4.0  # of the changes there were, to be outlasted
_NEAR, _DENSE = 9, 0.2  # pixels of a neighbourhood, and the share of lasting edges in it
_JOIN = 0.025  # of the width: gaps between the letters of one mark
_GROWN, _LEAST_GROWN = 0.5, 0.05  # of its longer side, and of the width, to look for more of it
_ROUNDS = 3  # of looking further out
_BEST_SEEN = 90  # percentile of its pixels by which the change around a mark is judged
_STEADY = 0.85  # share of the pictures in which a pixel of it bears its edge
_OFTEN_SEEN = 0.5  # share in which it does where its ground is of its colour in others,
_TRACED = 0.75  # and correlation with it there of the edges that it is among
_FEWEST = 60  # pixels of edges
_BORDER = 2  # pixels of a mark beyond its outermost edges
_WIDEST, _HIGHEST, _LEAST = 0.45, 0.3, 0.015  # shares of the picture that a mark takes
_ONE_WAY = 0.65  # how far its edges go one way: 1 for a line
_CLEARLY = 0.84  # what the correlation with a mark's edges usually comes to while it is shown
_LEAST_SHOWN = 0.08  # of the film
_MOSTLY, _OFTEN = 0.8, 24  # of the film, and changes outlasted: means of many pictures tell more
_STRETCHES, _STEADILY = 6, 0.9  # of those pictures, and correlation of each one's mean with others
_TRACE = 0.25  # correlation with its edges of pictures in which it is drowned; 0 where it is gone
_LONGER = 3  # stretches, in the mean of each of which single letters of it are seen


@dataclass(frozen=True)
class Sighting:
    """A mark: where, and from when until when; None where that is not known."""

    box: Box
    spans: tuple[Span, ...] | None = None


@dataclass(frozen=True)
class _Shown:
    """In which pictures a mark is shown, (n,); and whether that is so often that the mean of many
    tells more of it than each.
    """

    pictures: NDArray[np.bool_]
    lastingly: bool


def find_marks(path: Path, seconds: float, progress: Progress = quiet) -> list[Sighting]:
    """Marks that stand before the picture, the plainest first.

    Parameters
    ----------
    path : the film; it is decoded once.
    seconds : how long its picture lasts.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoVideoStream, TruncatedMedia
    """
    film = _look(path, seconds, progress)
    found: list[tuple[float, Sighting]] = []
    taken: Mask | None = None
    for pixels in film.candidates() if film is not None else ():
        assert film is not None  # noqa: S101 - there are candidates
        if taken is not None and (pixels & taken).any():
            continue
        sighting = film.judged(pixels)
        if sighting is None:
            continue
        left, top, right, bottom = sighting.box.pixels(*pixels.shape[::-1])
        taken = np.zeros_like(pixels) if taken is None else taken
        taken[top:bottom, left:right] = True
        found.append((float(film.best[pixels].sum()), sighting))
    return [sighting for _, sighting in sorted(found, key=lambda one: -one[0])]


def _look(path: Path, seconds: float, progress: Progress) -> _Film | None:
    film, due = None, 0.0
    for frame in decode(path, width=_WIDTH):
        if frame.time >= due - 1e-6:
            due = frame.time + max(_STEP_S, seconds / _MOST)
            film = film or _Film(frame.luma.shape)
            film.add(frame.time, frame.luma.astype(np.float32))
        progress(min(1.0, frame.time / max(seconds, 1e-3)))
    return film


class _Film:
    """Edges of pictures spread over a film, and what speaks for their lasting at each pixel."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.times: list[float] = []
        self.slopes: list[Slopes] = []
        self.different: list[int] = []
        """The numbers of pictures of which each differs from the one before it."""
        self.best = np.zeros(shape, np.float32)
        """(h, w): the highest that the evidence was; it falls where an edge goes."""
        self._sum = np.zeros(shape, np.float32)
        self._most = np.zeros(shape, np.float32)
        self._weights: list[Field] = []
        self._last: Field | None = None

    def add(self, time: float, picture: Field) -> None:
        """Compare a picture, (h, w), with the last one that differed."""
        soft = cv2.GaussianBlur(picture, (3, 3), 0) - cv2.GaussianBlur(picture, (0, 0), _FINE)
        slope = np.dstack([cv2.Sobel(soft, cv2.CV_32F, *way) / 4 for way in ((1, 0), (0, 1))])
        self.times.append(time)
        self.slopes.append(slope.astype(np.float16))
        if self._last is not None:
            changed = (cv2.absdiff(picture, self._last) > _CHANGED).astype(np.float32)
            if changed.mean() < _DIFFERENT:
                return
            side = round(_AROUND * picture.shape[1]) | 1
            share = cv2.blur(changed, (side, side), borderType=cv2.BORDER_REFLECT)
            weight = np.asarray(np.clip((share - _NONE) / (_ALL - _NONE), 0, 1), np.float32)
            same = _same_edge(slope, self.slopes[self.different[-1]].astype(np.float32))
            self._sum = np.maximum(0, self._sum + np.where(same, weight, -weight))
            self.best = np.maximum(self.best, self._sum)
            self._most += weight
            self._weights.append(weight)
        self._last = picture
        self.different.append(len(self.times) - 1)

    def candidates(self) -> list[Mask]:
        """The edges of what may be marks, each (h, w), those with the most evidence first."""
        needed = np.clip(_SHARE * self._most, _LEAST_NEEDED, _MOST_NEEDED)
        found: list[Mask] = []
        while True:
            parts = _parts(self.best >= needed)
            found += [p for p in parts if not any((p & other).any() for other in found)]
            together = [p for p in found if _box(p).h > _HIGHEST]
            if not together or needed.max() > self._most.max():
                return sorted(found, key=lambda pixels: -float(self.best[pixels].sum()))
            found = [p for p in found if _box(p).h <= _HIGHEST]
            needed = 2 * needed  # what a mark stands before has joined it

    def judged(self, pixels: Mask) -> Sighting | None:
        """The mark with these edges, or None where it is none."""
        shown = self._shown(pixels)
        if shown is None:
            return None
        for _ in range(_ROUNDS):
            grown = self._grown(pixels, shown)
            if grown.sum() == pixels.sum():
                break
            if not shown.lastingly:
                again = self._shown(grown, needed=0.0)
                if again is None:
                    break
                shown = again
            pixels = grown
        box = _box(pixels)
        if not (_LEAST <= box.w <= _WIDEST and _LEAST <= box.h <= _HIGHEST):
            return None
        return Sighting(box, spans_shown(shown.pictures, self.times))

    def _shown(self, pixels: Mask, needed: float = _LEAST_NEEDED) -> _Shown | None:
        """In which pictures a mark with these edges is shown; None where it cannot be one, or has
        not outlasted as many changes as needed.
        """
        edges = np.stack([slope[pixels] for slope in self.slopes])
        found = bearing(edges)
        if found is None:
            return None
        shown, usual, like = found
        looked = [i for i in self.different if shown[i]]
        outlasted = self._outlasted(pixels, shown)
        if len(looked) < 2 or outlasted < needed or _one_way(usual) > _ONE_WAY:
            return None
        lastingly = bool(shown.mean() >= _MOSTLY) and outlasted >= _OFTEN
        if shown.mean() >= _LEAST_SHOWN and float(np.median(like[looked])) >= _CLEARLY:
            return _Shown(shown, lastingly)
        if not lastingly:
            return None
        if _alike(_means(edges[looked], _STRETCHES)) < _STEADILY:
            return None
        return _Shown(_bridged(shown, edges, usual), lastingly)

    def _outlasted(self, pixels: Mask, shown: NDArray[np.bool_]) -> float:
        """How many changes of its surroundings a mark has outlasted."""
        total = 0.0
        for number, weight in enumerate(self._weights):
            both = self.different[number : number + 2]
            if shown[both[0] : both[1] + 1].all():
                total += float(np.percentile(weight[pixels], _BEST_SEEN))
        return total

    def _grown(self, pixels: Mask, shown: _Shown) -> Mask:
        """The edges with those beside them that are as steady: letters that stand out less."""
        height, width = pixels.shape
        box = _box(pixels)
        aside = max(_LEAST_GROWN, _GROWN * max(box.w, box.h * height / width))
        up = aside * width / height
        left, top = max(0.0, box.x - aside), max(0.0, box.y - up)
        wide = Box(left, top, min(1.0, box.right + aside) - left, min(1.0, box.bottom + up) - top)
        x0, y0, x1, y1 = wide.pixels(width, height)
        looked = [i for i in self.different if shown.pictures[i]]
        part = np.stack([self.slopes[i][y0:y1, x0:x1] for i in looked]).astype(np.float32)
        part = _means(part, _LONGER) if shown.lastingly else part
        usual = part.mean(axis=0)
        near = pixels.copy()
        near[y0:y1, x0:x1] |= _steady(part, usual)
        for joined in _parts(near):
            if (joined & pixels).sum() >= pixels.sum() / 2:
                return joined | pixels
        return pixels


def _steady(slopes: Field, usual: Field) -> Mask:
    """Where pictures of slopes, (n, h, w, 2), bear the edges of their mean, ``usual``: in nearly
    all of them, or in most, what belongs together being traced in the others. White letters all
    but vanish before a bright ground; what is of the ground is gone with it.
    """
    seen = np.mean([_same_edge(one, usual) for one in slopes], axis=0)
    steady = seen >= _STEADY
    often = (seen >= _OFTEN_SEEN) & (seen * len(slopes) > 1.5)
    for part in _parts(often & ~steady):
        traces = [_correlation(_no_stronger(one[part], usual[part]), usual[part]) for one in slopes]
        if np.mean(np.array(traces) >= _TRACED) >= _STEADY:
            steady |= part
    return np.asarray(steady)


def _no_stronger(slopes: Field, usual: Field) -> Field:
    """Slopes, (k, 2), none steeper than the usual ones: an edge of the ground is no more than any
    other.
    """
    size, most = (np.linalg.norm(one, axis=1, keepdims=True) for one in (slopes, usual))
    return np.asarray(slopes * np.minimum(1, most / np.maximum(size, 1e-3)), np.float32)


def _same_edge(one: Any, other: Any) -> Mask:
    """Where two pictures of slopes bear the same edge."""
    sizes = [np.hypot(s[..., 0], s[..., 1]) for s in (one, other)]
    along = (one * other).sum(axis=2) / np.maximum(sizes[0] * sizes[1], 1e-3)
    return np.asarray((np.minimum(*sizes) >= _EDGE) & (along >= _ALONG))


def _means(edges: NDArray[Any], stretches: int) -> Field:
    """The mean edges of so many stretches of the pictures, (n, ..., 2) in the order of time."""
    parts = np.array_split(edges, stretches)
    return np.stack([part.mean(axis=0, dtype=np.float32) for part in parts])


def _alike(means: Field) -> float:
    """The least correlation of a stretch's mean edges, (n, k, 2), with those of the others.

    What is behind a faint mark hides it in each picture and is gone from the mean of many; captions
    that follow each other in one place are like each other in a few pictures and not in the mean.
    """
    total = means.sum(axis=0)
    return min(_correlation(mean, total - mean) for mean in means)


def _bridged(shown: NDArray[np.bool_], edges: NDArray[Any], usual: Field) -> NDArray[np.bool_]:
    """The pictures that bear a faint mark, with those in which it is only drowned: (n,). Their mean
    shows it.

    Parameters
    ----------
    shown : (n,), where it can be told from single pictures.
    edges : (n, k, 2) of all pictures.
    usual : (k, 2), the mark's.
    """
    bridged = shown.copy()
    ends = np.flatnonzero(np.diff(np.concatenate([[1], shown.astype(int), [1]])))
    for first, after in zip(ends[::2], ends[1::2], strict=True):
        mean = edges[first:after].mean(axis=0, dtype=np.float32)
        bridged[first:after] = _correlation(mean, usual) >= _TRACE
    return bridged


def _correlation(one: Field, other: Field) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float((one * other).sum()) / max(size, 1e-3)


def _one_way(slopes: Field) -> float:
    """How far edges, (n, 2), go in one direction, 0 to 1."""
    turned = (slopes[:, 0] + 1j * slopes[:, 1]) ** 2
    return float(abs(turned.sum()) / max(float(np.abs(turned).sum()), 1e-3))


def _parts(lasting: Mask) -> list[Mask]:
    """Edges that are dense, taken together where they are near each other."""
    dense = cv2.blur(lasting.astype(np.float32), (_NEAR, _NEAR)) >= _DENSE
    kept = lasting & dense
    side = round(_JOIN * kept.shape[1]) | 1
    joined = cv2.dilate(kept.astype(np.uint8), np.ones((side, side), np.uint8))
    count, labels = cv2.connectedComponents(joined)
    parts = [(labels == label) & kept for label in range(1, count)]
    return [part for part in parts if part.sum() >= _FEWEST]


def _box(pixels: Mask) -> Box:
    height, width = pixels.shape
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    left, top = max(0, int(columns[0]) - _BORDER), max(0, int(rows[0]) - _BORDER)
    right = min(width, int(columns[-1]) + 1 + _BORDER)
    bottom = min(height, int(rows[-1]) + 1 + _BORDER)
    return Box.from_pixels(left, top, right, bottom, width, height)


__all__: Sequence[str] = ["Sighting", "find_marks"]
