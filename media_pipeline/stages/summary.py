"""A shorter film made of the best moments of a film, in film order: the function ``VideoClip``.

Which moments are best is the highlight stage's business; here they are fitted into the wanted
length and joined.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media import ffmpeg
from media_pipeline.media.cut import cut
from media_pipeline.media.encode import aac_args, h264_args
from media_pipeline.media.probe import MediaInfo
from media_pipeline.stages.base import Progress, quiet

Span = tuple[float, float]

_SHORTEST_S = 1.0  # a shorter piece is over before one has seen what it shows
_PIECE_CRF = (
    14  # of the pieces before they are joined: hardly any loss, since they are encoded twice
)


def usual_target(duration: float) -> float:
    """How long the shorter film is when nobody says: a quarter of the film, but 5 to 60 s, and at
    most half of it.
    """
    return min(max(duration / 4, 5.0), 60.0, duration / 2)


def choose_spans(moments: Sequence[tuple[float, float, float]], target: float) -> list[Span]:
    """The best moments that fit into the target, in film order; neighbours that touch become one.

    Parameters
    ----------
    moments : start, end (seconds) and score of each, in any order, without overlaps.
    target : seconds of the result; it is never exceeded. The moment that no longer fits whole is
        cut short at its end when at least a second of it fits.

    Raises
    ------
    NothingToDo
        when there is no moment.
    """
    if not moments:
        raise NothingToDo("the film has no moment that stands out", "give a longer film")
    left = target
    chosen: list[Span] = []
    for start, end, _score in sorted(moments, key=lambda m: (-m[2], m[0])):
        seconds = min(end - start, left)
        if chosen and seconds < min(_SHORTEST_S, end - start):
            continue
        chosen.append((start, start + seconds))
        left -= seconds
        if left <= 0:
            break
    joined: list[Span] = []
    for start, end in sorted(chosen):
        if joined and start - joined[-1][1] < 0.01:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def join_spans(
    media: Path, info: MediaInfo, spans: Sequence[Span], out: Path, progress: Progress = quiet
) -> float:
    """Write the spans of a film one after another as an mp4 (H.264, and AAC where there is sound).

    Returns
    -------
    float
        seconds of the new film.

    Raises
    ------
    NoVideoStream, InvalidParameter, EncodeFailed
    """
    if info.video is None:
        raise NoVideoStream(media)
    sound = next((a for a in info.audio if a.index == info.audio_index), None)
    with tempfile.TemporaryDirectory(prefix="media_pipeline_summary_") as scratch:
        pieces: list[Path] = []
        seconds = 0.0
        for number, (start, end) in enumerate(spans):
            piece = Path(scratch) / f"piece_{number:03d}.mp4"
            seconds += cut(media, piece, start, end, info=info, crf=_PIECE_CRF, preset="ultrafast")
            pieces.append(piece)
            progress(0.6 * (number + 1) / len(spans))
        inputs = [arg for piece in pieces for arg in ("-i", ffmpeg.source(piece))]
        streams = "".join(f"[{n}:v]" + (f"[{n}:a]" if sound else "") for n in range(len(pieces)))
        graph = f"{streams}concat=n={len(pieces)}:v=1:a={int(sound is not None)}[v]"
        ffmpeg.run(
            [
                *inputs,
                *("-filter_complex", graph + ("[a]" if sound else ""), "-map", "[v]"),
                *h264_args(20, "veryfast"),
                *(("-map", "[a]", *aac_args(sound.channels)) if sound else ()),
                *("-movflags", "+faststart", ffmpeg.source(out)),
            ],
            duration=seconds,
            progress=lambda share: progress(0.6 + 0.4 * share),
        )
    return seconds
