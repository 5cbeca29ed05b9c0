"""The editor that takes captions out of the pictures that show them, a stretch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from media_pipeline.media.canvas import Canvas, Edges
from media_pipeline.media.geometry import Box
from media_pipeline.stages.detext.bars import bar_rows, fill_bar, only_in_bar
from media_pipeline.stages.detext.masks import Mask, Picture, Showing, strokes, text_mask
from media_pipeline.stages.detext.panes import Pane, find_panes, like
from media_pipeline.stages.inpaint import Memory, fill
from media_pipeline.text.cues import Cue

BESIDE_S = 0.4
"""Seconds before and after a caption that are looked at."""
_LEAD = 3  # pictures of the stretch before that a stretch begins with
_MOST_BYTES = 320 * 1024**2  # of pictures held; half of it where a stretch can end between captions
_MOST_PICTURES = 250
_MARGIN = 1.0  # row heights around what is filled
_LEAST_MARGIN = 24  # pixels
_LOOKED_AT = 16  # pictures of a caption from which its mask is made
_FADE_S = 0.4
_LIKE = 0.35  # correlation with a caption's strokes by which it is seen already or still
_CUT = 30.0  # mean difference of two pictures of different shots


@dataclass(frozen=True)
class Shown:
    """A caption to be taken out: when it is shown, and the boxes of its rows."""

    start: float
    end: float
    rows: tuple[Box, ...]

    @classmethod
    def of(cls, cue: Cue, rows: Sequence[Box] = ()) -> Shown:
        """A caption as it was read; ``rows`` are its rows, if more is known than its box."""
        boxes = tuple(rows) or ((cue.box,) if cue.box is not None else ())
        return cls(cue.start, cue.end, boxes)


@dataclass(frozen=True)
class _Look:
    """How a caption looks: the pixels to fill, and the translucent boxes behind its rows."""

    mask: Mask
    panes: tuple[Pane, ...] = ()

    def covered(self) -> Mask:
        """All pixels that the caption changes."""
        mask = self.mask.copy()
        for pane in self.panes:
            mask[pane.part] = True
        return mask


@dataclass
class _Known:
    """What was found out of captions on the way: of those of a group by their numbers, and a box
    with the row before it, by which others are found.
    """

    looks: dict[int, _Look] = field(default_factory=dict)
    pane: tuple[Pane, Edges] | None = None


@dataclass
class _Stretch:
    """Pictures that are filled together, and the part of them that is looked at."""

    edges: Edges
    pictures: list[Canvas] = field(default_factory=list)
    parts: list[Picture] = field(default_factory=list)


def remove_captions(canvases: Iterator[Canvas], captions: Sequence[Shown]) -> Iterator[Canvas]:
    """The pictures with their captions taken out; nothing else of them changes.

    Parameters
    ----------
    canvases : the pictures of a film, or those near the captions.
    captions : in time order.

    Yields
    ------
    Canvas
        each picture, in order. Those of a stretch with captions are held back until it ends.
    """
    groups = _groups(captions)
    memory: Memory | None = None
    known = _Known()
    stretch: _Stretch | None = None
    at = 0
    for canvas in canvases:
        while at < len(groups) and canvas.time >= max(c.end for c in groups[at]) + BESIDE_S:
            if stretch is not None:
                yield from _finished(stretch, groups[at], known, memory)[0]
            stretch, memory, at = None, None, at + 1
            known.looks = {}
        if at == len(groups) or canvas.time < groups[at][0].start - BESIDE_S:
            yield canvas
            continue
        if stretch is None:
            stretch = _Stretch(_edges(groups[at], canvas.size))
        stretch.pictures.append(canvas)
        stretch.parts.append(canvas.read(stretch.edges))
        if _full(stretch, groups[at], canvas):
            done, memory = _finished(stretch, groups[at], known, memory)
            yield from done
            stretch = _Stretch(stretch.edges)
    if stretch is not None:
        yield from _finished(stretch, groups[at], known, memory)[0]


def spans(captions: Sequence[Shown]) -> list[tuple[float, float]]:
    """When pictures may change: the times of the captions, and as long as they may fade."""
    return [(max(0.0, c.start - _FADE_S), c.end + _FADE_S) for c in captions]


def _groups(captions: Sequence[Shown]) -> list[list[Shown]]:
    """Captions so near to each other that what is looked at beside them overlaps."""
    groups: list[list[Shown]] = []
    for caption in sorted(captions, key=lambda c: c.start):
        if groups and caption.start - max(c.end for c in groups[-1]) < 2 * BESIDE_S:
            groups[-1].append(caption)
        else:
            groups.append([caption])
    return groups


def _edges(group: Sequence[Shown], size: tuple[int, int]) -> Edges:
    """The part of the picture that holds the group's rows and what lies around them."""
    width, height = size
    boxes = [row.pixels(width, height) for caption in group for row in caption.rows]
    margin = max(_LEAST_MARGIN, round(_MARGIN * max(b[3] - b[1] for b in boxes)))
    tallest = max(
        max(r.pixels(width, height)[3] for r in c.rows)
        - min(r.pixels(width, height)[1] for r in c.rows)
        for c in group
    )
    up = max(margin, tallest)  # a hole of the same shape is tried beside the real one
    left, top = min(b[0] for b in boxes) - 2 * margin, min(b[1] for b in boxes) - up
    right, bottom = max(b[2] for b in boxes) + 2 * margin, max(b[3] for b in boxes) + margin
    left, top = max(0, left) // 2 * 2, max(0, top) // 2 * 2
    return left, top, min(width, (right + 1) // 2 * 2), min(height, (bottom + 1) // 2 * 2)


def _full(stretch: _Stretch, group: Sequence[Shown], canvas: Canvas) -> bool:
    held = len(stretch.pictures)
    width, height = canvas.size
    share = held * width * height * (1.5 if canvas.depth == 8 else 3.0) / _MOST_BYTES
    share = max(share, held / _MOST_PICTURES)
    between = not any(c.start - _FADE_S <= canvas.time < c.end + _FADE_S for c in group)
    return share >= 1.0 or (between and share >= 0.5)


def _finished(
    stretch: _Stretch, group: Sequence[Shown], known: _Known, before: Memory | None
) -> tuple[list[Canvas], Memory]:
    """The pictures of a stretch without captions, and what the next one begins with."""
    if not stretch.pictures:
        return [], before or Memory([])
    parts, times = list(stretch.parts), [c.time for c in stretch.pictures]
    holes = [np.zeros(parts[0].shape[:2], np.bool_) for _ in parts]
    changed = [hole.copy() for hole in holes]
    size = stretch.pictures[0].size
    bar = bar_rows(parts, [_rows_at(time, group, size, stretch.edges) for time in times])
    for number, caption in enumerate(group):
        inside = [i for i, time in enumerate(times) if caption.start <= time + 1e-4 < caption.end]
        if not inside:
            continue
        rows = [_within(row.pixels(*size), stretch.edges) for row in caption.rows]
        if number not in known.looks:
            known.looks[number] = _look(stretch.parts, times, inside, rows, group, known)
        look = known.looks[number]
        look = replace(look, mask=only_in_bar(look.mask, rows, bar))
        covered = look.covered()
        for i in _with_fades(stretch.parts, times, inside, rows, look.mask):
            # a box that fades is not what it is else, and is filled as a whole
            clear = all(pane.stands_in(stretch.parts[i]) for pane in look.panes)
            for pane in look.panes if clear else ():
                parts[i] = pane.undone(parts[i])
            holes[i] |= look.mask if clear else covered
            changed[i] |= covered
    for i, hole in enumerate(holes):
        parts[i], holes[i] = fill_bar(parts[i], hole, bar)
    filled = fill(parts, holes, before)
    for canvas, part, pixels in zip(stretch.pictures, filled, changed, strict=True):
        if pixels.any():
            canvas.write(stretch.edges, part, pixels)
    return stretch.pictures, Memory(filled[-_LEAD:])


def _rows_at(
    time: float, group: Sequence[Shown], size: tuple[int, int], part: Edges
) -> list[Edges]:
    """The rows of the captions that are shown at a time, or are about to come or go."""
    near = [c for c in group if c.start - _FADE_S <= time < c.end + _FADE_S]
    return [_within(row.pixels(*size), part) for caption in near for row in caption.rows]


def _within(row: Edges, part: Edges) -> Edges:
    left, top, right, bottom = row
    return left - part[0], top - part[1], right - part[0], bottom - part[1]


def _look(
    parts: Sequence[Picture],
    times: Sequence[float],
    inside: Sequence[int],
    rows: Sequence[Edges],
    group: Sequence[Shown],
    known: _Known,
) -> _Look:
    looked = [inside[i] for i in np.linspace(0, len(inside) - 1, _LOOKED_AT).astype(int)]
    shown = [parts[i] for i in dict.fromkeys((inside[0], *looked, inside[-1]))]
    read = np.zeros(parts[0].shape[:2], np.bool_)
    for left, top, right, bottom in rows:
        read[max(0, top) : bottom, max(0, left) : right] = True
    seen = _with_fades(parts, times, inside, rows, read)
    first, last = min(seen), max(seen)

    def free(i: int, beside: int) -> Picture | None:
        if not 0 <= i < len(parts) or any(c.start <= times[i] + 1e-4 < c.end for c in group):
            return None
        same = cv2.absdiff(parts[i][..., 0], parts[beside][..., 0]).mean() < _CUT
        return parts[i] if same else None

    showing = Showing(shown, free(first - 1, first), free(last + 1, last))
    panes = _panes(showing, rows, known)
    if not panes:
        return _Look(text_mask(showing, rows))
    mask = text_mask(Showing(shown), rows)  # letters stand out before their box
    median = np.median(np.stack(shown), axis=0).astype(np.uint8)
    for pane in panes:
        mask |= pane.border(mask.shape) | pane.impossible(median)
        showing = replace(showing, shown=[pane.undone(part) for part in showing.shown])
    return _Look(mask | text_mask(showing, rows), panes)


def _panes(showing: Showing, rows: Sequence[Edges], known: _Known) -> tuple[Pane, ...]:
    found = find_panes(showing, rows)
    for number, (pane, row) in enumerate(zip(found, rows, strict=True)):
        if pane is not None:
            known.pane = (pane, row)
        elif known.pane is not None:
            found[number] = like(*known.pane, row, showing.shown)
    return tuple(pane for pane in found if pane is not None)


def _with_fades(
    parts: Sequence[Picture],
    times: Sequence[float],
    inside: Sequence[int],
    rows: Sequence[Edges],
    mask: Mask,
) -> list[int]:
    """The pictures of a caption, and those before and after in which it can be seen faintly."""
    found = list(inside)
    template = _detail(parts[inside[len(inside) // 2]])
    height = max(row[3] - row[1] for row in rows)
    inked = strokes(parts[inside[len(inside) // 2]]) & mask
    pixels = inked | (mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3))).astype(bool))
    if height < 4 or pixels.sum() < 16:
        return found
    wanted = template[pixels] - template[pixels].mean()
    for step, begin in ((-1, inside[0]), (1, inside[-1])):
        i = begin + step
        while 0 <= i < len(parts) and abs(times[i] - times[begin]) < _FADE_S:
            detail = _detail(parts[i])[pixels]
            detail = detail - detail.mean()
            norm = float(np.linalg.norm(detail) * np.linalg.norm(wanted))
            if norm == 0 or float(detail @ wanted) / norm < _LIKE:
                break
            found.append(i)
            i += step
    return found


def _detail(part: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    grey = part[..., 0].astype(np.float32)
    return grey - cv2.blur(grey, (9, 9))
