"""Drawing captions on a film by coding only those pictures anew that need it: one run of ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from media_pipeline.media import ffmpeg
from media_pipeline.media.gops import extract
from media_pipeline.media.probe import VideoStream
from media_pipeline.media.renewal import Fresh, Plan, renew
from media_pipeline.stages.base import Progress

_EARLY_S = 0.0005  # before a picture, and after the one before it
_ENCODING = 0.9  # of the work
_TURNS = {
    0: ("", ""),
    90: ("transpose=clock,", ",transpose=cclock"),
    180: ("hflip,vflip,", ",hflip,vflip"),
    270: ("transpose=cclock,", ",transpose=clock"),
}


def draw_groups(
    path: Path,
    video: VideoStream,
    made: Plan,
    folder: Path,
    *,
    filters: str,
    crf: int,
    preset: str,
    progress: Progress,
) -> tuple[Path, list[bytes]]:
    """Write the picture of the film, some of it with the filter applied, as an MP4 of its own.

    Parameters
    ----------
    folder : where files may be written; ffmpeg runs there.
    filters : what draws on the picture as displayed, at the times of the film.

    Returns
    -------
    the file, and the digests of the new pictures in it.

    Raises
    ------
    NotJoinable
        when what was coded anew does not fit.
    EncodeFailed
    """

    def code(coded: Path) -> None:
        part = folder / "part.nut"
        ranges = [(run.entry, run.last) for run in made.fresh]
        late = extract(path, video, ranges, part) + made.stream.origin
        upright, back = _TURNS[video.rotation]
        chain = f"setpts=PTS-{late:.6f}/TB,{_only(made.fresh)}{upright}{filters}{back}"
        (folder / "filters.txt").write_text(f"{chain},format={made.stream.pixels}")
        keys = [max(0.0, time - _EARLY_S) for run in made.fresh for time in run.keys]
        (folder / "keys.txt").write_text(",".join(f"{time:.6f}" for time in keys))
        _encode(part, coded, made, crf, preset, lambda share: progress(_ENCODING * share))

    return renew(path, video, made, folder, code)


def _only(fresh: Sequence[Fresh]) -> str:
    """A filter that lets only the pictures pass that are coded anew.

    Between two neighbouring edges of time all pictures pass or none; the expression finds the edges
    by halving, as there may be thousands.
    """
    edges = [(run.start - _EARLY_S, run.end - _EARLY_S) for run in fresh]

    def within(first: int, last: int) -> str:
        if last - first == 1:
            return f"between(t,{edges[first][0]:.6f},{edges[first][1]:.6f})"
        middle = (first + last) // 2
        return f"if(lt(t,{edges[middle][0]:.6f}),{within(first, middle)},{within(middle, last)})"

    if all(run.entry == run.first for run in fresh):
        return ""
    return f"select='{within(0, len(edges))}',"


def _encode(part: Path, coded: Path, made: Plan, crf: int, preset: str, progress: Progress) -> None:
    """Code the extracted pictures anew; each run begins with one that stands by itself.

    Filters and times are read from files, because there may be more than an argument holds.
    """
    stream, end = made.stream, made.fresh[-1].end

    def report(share: float) -> None:
        # ffmpeg tells the time it has come to, which leaps over what is not coded
        progress(made.coded_until(share * end) / max(made.seconds, 1e-3))

    ffmpeg.run(
        [
            *("-copyts", "-i", ffmpeg.source(part), "-/filter:v", "filters.txt"),
            *("-c:v", "libx264", "-preset", preset, "-crf", str(crf)),
            *("-profile:v", stream.profile, "-x264-params", f"sps-id={stream.free_number}"),
            *("-/force_key_frames", "keys.txt", "-forced-idr", "1"),
            *("-fps_mode", "passthrough", "-enc_time_base", "1:90000"),
            *("-video_track_timescale", "90000", "-an", ffmpeg.source(coded)),
        ],
        duration=end,
        progress=report,
        cwd=part.parent,
    )
