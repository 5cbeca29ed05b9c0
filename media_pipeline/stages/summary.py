"""A shorter film made of the best moments of a film, in film order: the function ``VideoClip``.

Which moments are best is the highlight stage's business; here they are fitted into the wanted
length and joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media import ffmpeg
from media_pipeline.media.probe import MediaInfo
from media_pipeline.stages.base import Progress, quiet

Span = tuple[float, float]

_SHORTEST_S = 1.0  # a shorter piece is over before one has seen what it shows
_FADE_S = 0.02  # against clicks where two pieces of sound meet


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
        cut short at its
        end when at least a second of it fits.

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
) -> None:
    """Write the spans of a film one after another as an mp4 (H.264, and AAC where there is sound).

    Raises
    ------
    NoVideoStream, EncodeFailed
    """
    if info.video is None:
        raise NoVideoStream(media)
    inputs: list[str] = []
    chains: list[str] = []
    labels = ""
    for number, (start, end) in enumerate(spans):
        seconds = end - start
        inputs += ["-ss", f"{start:.3f}", "-t", f"{seconds:.3f}", "-i", ffmpeg.source(media)]
        chains.append(
            f"[{number}:v:0]setpts=PTS-STARTPTS,scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1,format=yuv420p[v{number}]"
        )
        labels += f"[v{number}]"
        if info.audio_index is not None:
            out_at = max(0.0, seconds - _FADE_S)
            chains.append(
                f"[{number}:{info.audio_index}]asetpts=PTS-STARTPTS,apad,atrim=end={seconds:.3f},"
                f"afade=d={_FADE_S},afade=t=out:st={out_at:.3f}:d={_FADE_S}[a{number}]"
            )
            labels += f"[a{number}]"
    sound = info.audio_index is not None
    chains.append(f"{labels}concat=n={len(spans)}:v=1:a={int(sound)}[v]{'[a]' if sound else ''}")
    ffmpeg.run(
        [
            *inputs,
            *(
                "-filter_complex",
                ";".join(chains),
                "-map",
                "[v]",
                *(("-map", "[a]") if sound else ()),
            ),
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20"),
            *(("-c:a", "aac", "-b:a", "160k") if sound else ()),
            *("-movflags", "+faststart", ffmpeg.source(out)),
        ],
        duration=sum(end - start for start, end in spans),
        progress=progress,
    )
