"""Writing a film whose pictures an editor has changed: one decode, one encode, all else as it was.

An editor is a generator: it takes the pictures in the order in which they are shown and gives each
of them back, changed in place or put on a new canvas. It may hold pictures back to look ahead.
Decoding, editing and coding go on beside each other; only what the editor holds is in memory.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av

from media_pipeline.errors import EncodeFailed, NoVideoStream
from media_pipeline.media.canvas import Canvas
from media_pipeline.media.coder import CLOCK, Coder, options_of
from media_pipeline.media.container import container_start, open_media, video_stream
from media_pipeline.media.decode import decode
from media_pipeline.media.files import atomic_path
from media_pipeline.media.gops import NotJoinable, extract
from media_pipeline.media.muxing import add_sound
from media_pipeline.media.orientation import Orientation
from media_pipeline.media.probe import MediaInfo, VideoStream
from media_pipeline.media.proof import check
from media_pipeline.media.renewal import Fresh, Plan, plan, renew
from media_pipeline.media.threads import ahead
from media_pipeline.media.transparency import is_transparent
from media_pipeline.stages.base import Outcome, Progress, Work, quiet
from media_pipeline.stages.pairs import write_pairs

Edit = Callable[[Iterator[Canvas]], Iterator[Canvas]]
Spans = Sequence[tuple[float, float]]

_SLACK_S = 0.0006  # half a millisecond, the clock of Matroska, and rounding
_CODING = 0.9  # of the work; the rest is checking
_FINEST = 1_000_000  # ticks per second that MP4 takes


@dataclass(frozen=True, slots=True)
class Remade:
    """How a film was written: the share of its time whose picture was coded anew, and why all of
    it, where only a part had changed.
    """

    share: float
    why: str = ""


def remake(
    path: Path,
    info: MediaInfo,
    target: Path,
    edit: Edit,
    *,
    spans: Spans | None = None,
    beside: float = 0.0,
    crf: int = 18,
    preset: str = "veryfast",
    upright: bool = False,
    progress: Progress = quiet,
) -> Remade:
    """Write a film anew with its pictures edited.

    Frames keep their number and times, the picture its depth (8 or 10 bits), range and colours, the
    sound is copied where MP4 carries it. Transparency is not kept.

    Parameters
    ----------
    path : the film.
    info : what probing found in it.
    target : ``.mp4``, written whole or not at all.
    edit : changes the pictures; see the module. It has to be callable twice.
    spans : seconds outside of which the editor changes nothing. Where the film is H.264 that can be
        joined with new pictures, only the groups of pictures inside are coded anew and all others
        copied bit by bit. None: all of it is changed.
    beside : seconds around ``spans`` that the editor wants to see.
    crf, preset : of the encoder.
    upright : the editor gives canvases that are upright whatever the film was.
    progress : called with the share that is done.

    Raises
    ------
    NoVideoStream, EncodeFailed
    """
    if info.video is None:
        raise NoVideoStream(path.name)
    with (
        TemporaryDirectory(prefix="media_pipeline_", dir=target.parent) as folder,
        atomic_path(target) as partial,
    ):
        scratch, why = Path(folder), ""
        if spans is not None:
            try:
                made = plan(path, info, spans)
                code = _part_coder(path, info.video, made, edit, beside, crf, preset, progress)
                picture, digests = renew(path, info.video, made, scratch, code)
                add_sound(picture, path, info, partial)
                check(partial, made, digests, lambda s: progress(_CODING + (1 - _CODING) * s))
            except (NotJoinable, EncodeFailed, av.FFmpegError) as reason:
                why = str(reason)
            else:
                progress(1.0)
                return Remade(made.share)
        _remake_whole(path, info, scratch / "whole.mp4", edit, crf, preset, progress)
        shown = info.video.model_copy(update={"rotation": 0}) if upright else info.video
        add_sound(scratch / "whole.mp4", path, info.model_copy(update={"video": shown}), partial)
        progress(1.0)
        return Remade(1.0, why)


def finished(work: Work, target: Path, times: Sequence[float], facts: Mapping[str, Any]) -> Outcome:
    """What a stage gives back that has written a film anew: pictures of before and after beside it,
    how long it is, and what of the film MP4 could not keep.

    Parameters
    ----------
    target : the film that was written, in ``work.out``.
    times : seconds of pictures that were changed, of which a few are shown.
    facts : what the stage itself has to tell.
    """
    write_pairs(work.media, target, times, work.out)
    video = work.info.video
    warnings = []
    if video is not None and is_transparent(work.media, video.index):
        warnings = [f"what is transparent in {work.name} is opaque now: MP4 keeps no alpha"]
    seconds = video.duration if video is not None else work.info.duration
    return Outcome({**facts, "durations": {target.name: seconds}}, warnings)


def _remake_whole(
    path: Path,
    info: MediaInfo,
    target: Path,
    edit: Edit,
    crf: int,
    preset: str,
    progress: Progress,
) -> None:
    assert info.video is not None  # noqa: S101 - looked at before
    clock, origin = clock_of(path)
    options = options_of(info.video, crf, preset)
    with Coder(target, info.video, options, clock=clock, origin=origin) as coder:
        for canvas in edit(ahead(decode(path).canvases())):
            coder.put(canvas)
            progress(min(0.97, canvas.time / max(info.duration, 1e-3)))


def _part_coder(
    path: Path,
    video: VideoStream,
    made: Plan,
    edit: Edit,
    beside: float,
    crf: int,
    preset: str,
    progress: Progress,
) -> Callable[[Path], None]:
    stream, fresh = made.stream, made.fresh
    options = {
        **options_of(video, crf, preset),
        "profile": stream.profile,
        "x264-params": f"sps-id={stream.free_number}",
    }

    def code(coded: Path) -> None:
        part, at = coded.with_name("part.nut"), 0
        late = extract(path, video, _seen(made, beside), part) + stream.origin - _start(part)
        with Coder(coded, video, options, as_source=True) as coder:
            pictures = decode(part).canvases(Orientation(video.rotation))
            for canvas in edit(_earlier(ahead(pictures), late)):
                while at < len(fresh) and fresh[at].end <= canvas.time + _SLACK_S:
                    at += 1
                if at < len(fresh) and fresh[at].start <= canvas.time + _SLACK_S:
                    canvas.key = any(abs(canvas.time - key) < _SLACK_S for key in fresh[at].keys)
                    coder.put(canvas)
                    done = made.coded_until(canvas.time) / max(made.seconds, 1e-3)
                    progress(min(1.0, done) * _CODING)

    return code


def _seen(made: Plan, beside: float) -> list[tuple[int, int]]:
    """Ranges of the pictures that are coded anew, with the groups as near as ``beside`` seconds."""
    ranges: list[tuple[int, int]] = []
    for group in made.stream.groups:
        near = any(
            run.start - beside < group.end and group.start < run.end + beside
            for run in made.fresh[max(0, bisect_left(made.fresh, group.start, key=_end) - 1) :][:3]
        )
        if near:
            ranges.append((group.first, group.last))
    return ranges


def _end(run: Fresh) -> float:
    return run.end


def _earlier(canvases: Iterator[Canvas], seconds: float) -> Iterator[Canvas]:
    for canvas in canvases:
        canvas.time = round(canvas.time - seconds, 6)  # sums of floats lie beside the time
        yield canvas


def _start(path: Path) -> float:
    with open_media(path) as file:
        return container_start(file)


def clock_of(path: Path) -> tuple[Fraction, float]:
    """A clock that holds the times of a film exactly where MP4 can, and the film's origin."""
    with open_media(path) as file:
        base = video_stream(file, path.name).time_base
        fine = base is not None and base.numerator == 1 and base.denominator <= _FINEST
        return (base if fine and base is not None else CLOCK), container_start(file)
