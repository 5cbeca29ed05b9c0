"""Rows that were read with too little confidence to be believed: which of them are captions.

Nothing that may be a caption is dropped unseen, so a row is kept where captions stand, and marked.
Elsewhere it is most often no text at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from media_pipeline.media.timecode import format_timecode
from media_pipeline.stages.captions.layout import Showing
from media_pipeline.stages.captions.main_track import main_track
from media_pipeline.text.cues import Cue

_LISTED = 10  # times in a warning
_SAME_HEIGHT = 0.5  # smaller over larger row height
_CENTRED = 1.5  # row heights between the centres of two rows of one place
_FLUSH = 1.0  # row heights between their left edges


def doubtful_captions(
    sure: Sequence[Showing], unsure: Sequence[Showing], film: float, width: int
) -> list[Showing]:
    """The unsure rows that stand where captions stand, while no caption is there.

    Parameters
    ----------
    sure : the rows of the captions.
    unsure : rows that were read with less confidence.
    film : seconds of the film.
    width : pixels of the strip that the rows' boxes refer to.

    Notes
    -----
    Without a sure row, captions are unsure rows of differing text at one place.
    """
    if not sure:
        main = main_track(unsure, film, width)
        return [
            one
            for one in main
            if any(_one_place(one, o) and one.row.text != o.row.text for o in main)
        ]
    return [
        one
        for one in unsure
        if any(_one_place(one, other) for other in sure)
        and not any(_together(one, other) for other in sure)
    ]


def doubt_warnings(cues: Sequence[Cue], limit: float) -> tuple[str, ...]:
    """What people should know of doubtful captions: how many there are, and where."""
    doubtful = [cue.start for cue in cues if cue.doubtful]
    if not doubtful:
        return ()
    return (
        f"{len(doubtful)} of {len(cues)} captions were read with less confidence than {limit:g} "
        f"and should be looked at: {listed_times(doubtful)}",
    )


def listed_times(times: Sequence[float]) -> str:
    """The first of some times, for a warning."""
    shown = ", ".join(format_timecode(time) for time in times[:_LISTED])
    return shown + (", …" if len(times) > _LISTED else "")


def _one_place(one: Showing, other: Showing) -> bool:
    box, own = one.row.box, other.row.box
    low, high = sorted((box.height, own.height))
    return (
        box.same_line(own)
        and low >= _SAME_HEIGHT * high
        and (
            abs(box.centre - own.centre) < _CENTRED * high
            or abs(box.left - own.left) < _FLUSH * high
        )
    )


def _together(one: Showing, other: Showing) -> bool:
    """Whether both are on one line at one time: pieces of one row, or a thing behind it."""
    return min(one.end, other.end) > max(one.start, other.start) and one.row.box.same_line(
        other.row.box
    )
