"""Following rows through the film: when to detect, which tracks live, where they begin and end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from media_pipeline.ocr.base import Picture, TextBox
from media_pipeline.stages.captions.boundaries import FrameBuffer, furthest
from media_pipeline.stages.captions.rows import PixelBox, join_rows
from media_pipeline.stages.captions.signature import ChangeGate, Luma, is_cut
from media_pipeline.stages.captions.tracks import Presence, Track

_STILL_S = (0.04, 0.08, 0.15)  # text that stands now must have stood at these times before
_PATIENCE_S = 1.0  # the detector looks at least this often
_REST_S = 0.55  # while a row goes on the detector looks at most this often
_LOWEST_ROW = 8.0  # pixels of the working strip: lower text cannot be recognised
_TIGHT = 48  # pixels: captions may fill a lower strip
_EDGE = 3  # pixels from the strip's edges: nearer, a thing goes out of it
_COVERED = 0.85  # share of a detected row inside a track that makes it the same row
_TOUCHED = 0.15  # share that makes it the same row, grown
_STANDING_S = 2.5  # what has stood alone for so long is a mark beside a new row, not its beginning
_REMEMBERED = 16  # ended tracks that later ones are kept from overlapping
_SETTLED_AT = 3  # samples after which the template is good enough to search the first frame


@dataclass(frozen=True, slots=True)
class Sample:
    """One sampled frame.

    ``picture`` gives the region in colour and native resolution; ``crop`` cuts a box of the strip
    out of it, with the margin that recognition wants.
    """

    strip: Picture
    crop: Callable[[PixelBox], Picture]


class Follower:
    """Follows all rows of a film: takes every frame, returns the tracks that have ended.

    Parameters
    ----------
    detect : finds text in a colour strip.
    """

    def __init__(self, detect: Callable[[Picture], list[TextBox]]) -> None:
        self._detect = detect
        self._gate = ChangeGate()
        self._looked_at = float("-inf")
        self._buffer = FrameBuffer()
        self._live: list[Track] = []
        self._ended: list[Track] = []
        self._rests: list[Track] = []
        self._retry = False
        self.detected = 0
        """Samples that the detector has looked at."""

    def frame(self, time: float, luma: Luma) -> None:
        """Take the next frame's working strip."""
        self._buffer.append(time, luma)

    def sample(self, sample: Sample) -> list[Track]:
        """Look at the newest frame: follow, detect where something changed, say what ended."""
        luma = self._buffer.luma(self._buffer.last)
        ended = [track for track in self._live if not self._goes_on(track)]
        ended += self._take_rests()
        self._close(ended)
        for track in self._live:
            if track.end == self._buffer.last:
                track.take(track.end, luma, sample.crop(track.text))
                if track.template.count >= _SETTLED_AT:
                    self._settle(track)
        known = [track.box for track in self._live]
        changed = self._gate.changed(luma, map(self._buffer.before, _STILL_S), known)
        waited = self._buffer.time - self._looked_at
        # Beside a row that goes on another can wait: its start is searched for in earlier frames.
        rested = not self._live or waited >= _REST_S
        if ended or waited >= _PATIENCE_S or (rested and (changed or self._retry)):
            replaced, found = self._look(luma, sample)
            self._gate.looked(luma)
            self._looked_at = self._buffer.time
            self._retry = changed and not found and not self._retry
            ended += replaced
        return ended

    def finish(self) -> list[Track]:
        """End all tracks with the film."""
        ended = list(self._live)
        for track in ended:
            self._goes_on(track)
        ended += self._take_rests()
        self._close(ended)
        return ended

    # --- following --------------------------------------------------------------------------------

    def _goes_on(self, track: Track) -> bool:
        """Follow a track through the frames since it was last looked at."""
        goes_on = True
        first = self._buffer.first
        for index in range(max(first, track.seen + 1), self._buffer.last + 1):
            goes_on = track.advance(index, self._buffer.luma(index))
            if not goes_on:
                break
        edit = track.edits.find(first, track.end, self._buffer.luma)
        if edit is None:
            return goes_on
        if track.end < self._buffer.last:
            # The detector cannot find the edited text any more: the last sample has to show it.
            rest = track.rest_from(edit, self._buffer.luma)
            if rest is None:
                return goes_on
            self._rests.append(rest)
        track.end = edit - 1
        return False

    def _take_rests(self) -> list[Track]:
        """What edited texts have left, as tracks of their own."""
        rests, self._rests = self._rests, []
        self._live += rests
        return rests

    def _settle(self, track: Track) -> None:
        """Move the start to the first frame that shows the track, not before the row before it has
        ended.
        """
        if track.settled:
            return
        track.settled = True
        floor = max(
            (t.end + 1 for t in self._ended if t is not track and t.stands_on(track)),
            default=0,
        )
        back = range(track.start - 1, max(floor, self._buffer.first) - 1, -1)
        found = furthest(back, lambda i: self._shows(track, i))
        if found is not None:
            track.start = found
        track.begins_with_shot = self._cut_at(track.start, track.box)

    def _cut_at(self, index: int, box: PixelBox) -> bool:
        """Whether the picture around a box changes as a whole from the frame before to this one;
        before and after the film it does.
        """
        if index == 0 or index > self._buffer.last:
            return True
        if index <= self._buffer.first:
            return False
        return is_cut(self._buffer.luma(index - 1), self._buffer.luma(index), box)

    def _shows(self, track: Track, index: int) -> bool:
        return track.presence(self._buffer.luma(index)) is Presence.SHOWN

    def _close(self, tracks: Iterable[Track]) -> None:
        for track in tracks:
            track.commit()
            self._settle(track)
            track.ends_with_shot = self._cut_at(track.end + 1, track.box)
            self._live.remove(track)
            self._ended.append(track)
        del self._ended[:-_REMEMBERED]

    # --- detecting --------------------------------------------------------------------------------

    def _look(self, luma: Luma, sample: Sample) -> tuple[list[Track], bool]:
        """Detect and start tracks for rows that none covers; the tracks they replace and whether
        there were any.
        """
        self.detected += 1
        replaced: list[Track] = []
        found = False
        standing = [
            t.text
            for t in self._live
            if t.end == self._buffer.last
            and self._buffer.seconds(t.start) >= _STANDING_S
            and not t.moves
        ]
        for row in join_rows(self._detect(sample.strip), _LOWEST_ROW, standing, sample.strip):
            if _is_cut_off(row, luma.shape[0]):
                continue
            inside = [t for t in self._live if row.covered(t.box) >= _COVERED]
            if inside and not inside[0].is_loose_around(row):
                continue
            track = self._begin(row, luma, sample)
            if inside:
                self._tighten(inside[0], track)
            # What is gone from the newest frame has not grown: the new row only follows it.
            grown = [
                t
                for t in self._live
                if t.end == self._buffer.last
                and row.covered(t.box) > _TOUCHED
                and row.same_line(t.text)
            ]
            replaced += self._replace(grown, track)
            self._live.append(track)
            found = True
        return replaced, found

    def _begin(self, row: PixelBox, luma: Luma, sample: Sample) -> Track:
        track = Track(row, self._buffer.last, luma)
        track.take(self._buffer.last, luma, sample.crop(row))
        return track

    def _tighten(self, loose: Track, tight: Track) -> None:
        """Let a track of the text alone take the place of one that held other things as well."""
        back = range(tight.start - 1, max(loose.start, self._buffer.first) - 1, -1)
        found = furthest(back, lambda i: self._shows(tight, i))
        if found is None or found <= max(loose.start, self._buffer.first):
            tight.start, tight.settled = loose.start, loose.settled
            tight.begins_with_shot = loose.begins_with_shot
        else:
            tight.start = found
        self._live.remove(loose)

    def _replace(self, old: list[Track], new: Track) -> list[Track]:
        """Let a row that grew take the place of its parts; those that stood before it are returned
        as ended.
        """
        ended = []
        for track in old:
            back = range(new.start - 1, max(track.start, self._buffer.first) - 1, -1)
            found = furthest(back, lambda i: self._shows(new, i))
            if found is not None:
                new.start = found
            if new.start <= max(track.start, self._buffer.first):
                new.start = min(new.start, track.start)
                new.settled = track.settled
                self._live.remove(track)
            else:
                track.end = new.start - 1
                self._close([track])
                ended.append(track)
        return ended


def _is_cut_off(row: PixelBox, height: int) -> bool:
    """Whether a thing goes out of the strip above and below: no row of text, or one cut in two."""
    return height > _TIGHT and row.top <= _EDGE and row.bottom >= height - _EDGE
