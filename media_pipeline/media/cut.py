"""Cutting a range out of a film, exact to the frame: coded anew, or only at its edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from media_pipeline.errors import InvalidParameter
from media_pipeline.media import ffmpeg
from media_pipeline.media.coding import Coding
from media_pipeline.media.container import AV_TIME_BASE, container_start, open_media
from media_pipeline.media.encode import aac_args
from media_pipeline.media.files import atomic_path
from media_pipeline.media.gops import NotJoinable
from media_pipeline.media.probe import AudioStream, MediaInfo, VideoStream, probe

_EPSILON_S = 0.001  # times of frames are rounded to milliseconds in Matroska
_FADE_S = 0.02
_BACK_S = 2.0
_LONG_S = 0.2  # a frame that stays longer is repeated, at this rate
_HELD_FPS = 25
# ffmpeg finds the frame sought in these; in others it may begin after it, so it starts well before
_INDEXED = ("mp4", "mov", "matroska", "webm", "avi")
_ROUGHLY_S = 15.0


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a film, in seconds, that begins and ends with frames.

    ``shown``: when the frame that is on the screen at ``start`` came there; later than ``start``
    only where the picture begins late.
    ``seek``: a time between that frame and the one before it.
    ``held``: whether a frame stays so long that players need it more than once.
    """

    start: float
    end: float
    shown: float
    seek: float
    held: bool = False

    @property
    def duration(self) -> float:
        """Seconds from the start of the first frame to the end of the last."""
        return self.end - self.start


def cut(
    path: Path,
    target: Path,
    start: float,
    end: float,
    *,
    info: MediaInfo | None = None,
    crf: int = 20,
    preset: str = "veryfast",
    max_height: int | None = None,
    coding: Coding | None = None,
    copy: bool = False,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Cut the range from ``start`` to ``end`` seconds out of a film into a file of its own.

    The first frame is the one shown at ``start``. Sound is cut at the same places and fades in and
    out over 20 ms, so that it does not click.

    Parameters
    ----------
    path : the film or sound.
    target : ``.mp4``, or ``.m4a`` for the sound alone; written whole or not at all.
    start, end : seconds from the start of the file.
    info : what probing found, where known.
    crf, preset : of libx264.
    max_height : a taller picture is made that tall.
    coding : size, bit rate and codec of the picture, in place of the three before.
    copy : take the groups of pictures that lie wholly inside as they are where that is safe, and
        code only the edges anew; the clip is the same to the frame.
    progress : called with the share that is done.

    Returns
    -------
    float
        seconds of the new file: ``end - start`` to within a frame.

    Raises
    ------
    InvalidParameter
        when the range is empty or outside the film.
    EncodeFailed
    """
    info = info or probe(path)
    if not 0 <= start < min(end, info.duration):
        raise InvalidParameter(
            f"the range {start:.3f} to {end:.3f} s is not in {path.name} ({info.duration:.3f} s)",
            "give a start before the end, both inside the film",
        )
    video = info.video if target.suffix.lower() != ".m4a" else None
    sound = next((a for a in info.audio if a.index == info.audio_index), None)
    end = min(end, info.duration)
    span = frame_span(path, video, start, end) if video else Span(start, end, start, start)
    made = coding or Coding(crf, preset, max_height)
    indexed = any(name in info.container for name in _INDEXED)
    opened = span.seek if indexed else max(0.0, span.seek - _ROUGHLY_S)
    with atomic_path(target) as temporary, TemporaryDirectory(prefix="media_pipeline_cut_") as name:
        picture = _copied(path, video, info, span, made, Path(name)) if copy and video else None
        opening = ["-ss", f"{opened:.6f}", "-i", ffmpeg.source(path)]
        if picture is not None:
            shown = [*opening, "-i", ffmpeg.source(picture), "-map", "1:v", "-c:v", "copy"]
        elif video is not None:
            shown = [*opening, *_picture_args(video, span, opened, made)]
        else:
            shown = [*opening, "-vn"]
        ffmpeg.run(
            [
                *shown,
                *(_sound_args(sound, span, opened) if sound else ("-an",)),
                *("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
                *("-video_track_timescale", "90000", "-movflags", "+faststart"),
                ffmpeg.source(temporary),
            ],
            duration=span.duration,
            progress=progress,
        )
    return span.duration


def _copied(
    path: Path, video: VideoStream, info: MediaInfo, span: Span, made: Coding, folder: Path
) -> Path | None:
    """The picture of the clip with its inner groups copied; None where it is coded anew whole."""
    # imported here because it cuts its edges with this module's arguments
    from media_pipeline.media.splice import splice

    if not made.as_it_is(video) or span.held or span.shown < span.start - _EPSILON_S:
        return None

    # edges are short: their size matters less than their time, and a finer step makes up for what
    # the quickest preset leaves out
    quick = replace(made, preset="ultrafast", crf=max(0, made.crf - 2))

    def edge(start: float, end: float, seek: float, extra: Sequence[str], target: Path) -> None:
        part = Span(start, end, start, seek)
        args = _picture_args(video, part, seek, quick)
        ffmpeg.run(
            [
                *("-ss", f"{seek:.6f}", "-i", ffmpeg.source(path)),
                *(*args, *extra, "-an", ffmpeg.source(target)),
            ]
        )

    try:
        return splice(path, video, info.container, span.start, span.end, span.seek, edge, folder)
    except NotJoinable:
        return None


def _picture_args(video: VideoStream, span: Span, opened: float, made: Coding) -> list[str]:
    # the first frame may have come before the start (slide shows) or after it (late pictures): it
    # is shown from time zero all the same
    late = span.start - span.shown
    over = span.end - (video.start + video.duration)  # the sound goes on after the last picture
    filters = [
        "settb=1/90000",
        f"trim=start={span.seek - opened:.6f}",
        f"setpts='if(eq(N,0),0,PTS-STARTPTS-({late:.6f})/TB)'",
        *([f"tpad=stop_mode=clone:stop_duration={over:.6f}"] if over > 1 / video.fps else []),
        *([f"fps={_HELD_FPS}:start_time=0"] if span.held else []),
        f"trim=end={span.duration - _EPSILON_S:.6f}",
        *made.filters(video),
    ]
    return ["-map", f"0:{video.index}", "-vf", ",".join(filters), *made.args()]


def _sound_args(sound: AudioStream, span: Span, opened: float) -> list[str]:
    lead, length = span.start - opened, span.duration
    fade = min(_FADE_S, length / 4)
    filters = [
        # silence fills a sound that begins late or has gaps, so that it stays with the picture
        "aresample=async=1:first_pts=0",
        f"atrim=start={lead:.6f}",
        f"asetpts=PTS-{lead:.6f}/TB",
        f"apad=whole_dur={length:.6f}",
        f"atrim=end={length:.6f}",
        f"afade=t=in:d={fade:.4f}",
        f"afade=t=out:st={length - fade:.4f}:d={fade:.4f}",
    ]
    return ["-map", f"0:{sound.index}", "-af", ",".join(filters), *aac_args(sound.channels)]


def frame_span(path: Path, video: VideoStream, start: float, end: float) -> Span:
    """The range as frames have it, read off the packets without decoding.

    It begins where the frame shown at ``start`` begins and ends where the frame nearest to ``end``
    does. A frame that stays long (as in slide shows) is cut in its midst.
    """
    step = min(1 / video.fps, _LONG_S)
    times = _frame_times(path, video, start, end)
    before = [t for t in times if t <= start + _EPSILON_S]
    shown = before[-1] if before else min(times, default=start)
    first = shown if 0 <= start - shown < 2 * step else start
    wanted = first + (end - start)
    ends = [t for t in (*times, video.start + video.duration) if t > first + _EPSILON_S]
    stop = min(ends, key=lambda t: abs(t - wanted), default=wanted)
    if abs(stop - wanted) > step:
        stop = wanted
    gap = shown - before[-2] if len(before) > 1 else step
    inside = [first, *(t for t in times if first < t < stop), stop]
    held = max(b - a for a, b in pairwise(inside)) > _LONG_S
    return Span(first, stop, shown, max(0.0, shown - min(gap / 4, 0.01)), held)


def _frame_times(path: Path, video: VideoStream, start: float, end: float) -> list[float]:
    """When the frames around a range are shown, in order."""
    times: list[float] = []
    with open_media(path) as container:
        origin = container_start(container)
        stream = container.streams[video.index]
        if start > 0:
            with suppress(av.FFmpegError):  # raw streams cannot be searched: read from the start
                # transport streams are found again only roughly
                container.seek(int((max(0.0, start - _BACK_S) + origin) * AV_TIME_BASE))
        for packet in container.demux(stream):
            if packet.pts is None or packet.is_discard or packet.is_corrupt:
                continue
            time = float(packet.pts * packet.time_base) - origin
            times.append(time)
            # frames are stored out of order by up to 16: half a second more has them all
            if time > end + max(0.5, 20 / video.fps):
                break
    return sorted(times)
