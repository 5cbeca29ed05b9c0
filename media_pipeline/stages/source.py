"""What a media item is: streams, duration, faults, the sound track in use, and the subtitle streams
it brings along, which are captions as good as any that people made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from media_pipeline.errors import (
    EncodeFailed,
    InvalidCaptions,
    InvalidParameter,
    MediaPipelineError,
)
from media_pipeline.media import ffmpeg
from media_pipeline.media.decode import frame_at
from media_pipeline.media.probe import MediaInfo, SubtitleStream, probe
from media_pipeline.stages.base import (
    FileOutput,
    Outcome,
    Progress,
    Stage,
    StageParams,
    TableOutput,
    Work,
    quiet,
)
from media_pipeline.stages.tables import EMBEDDED_CUES
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import parse_cues

_POSTER_WIDTH = 1280
_POSTER_MOMENTS = (0.1, 0.25, 0.5, 0.75)
_JPEG_QUALITY = 88


class Params(StageParams):
    """What can be asked of the source stage."""

    audio_stream: int | None = Field(
        default=None,
        ge=0,
        description="index in the file of the sound track to use; empty chooses the default track, "
        "else the one with most channels, else the first",
    )


@dataclass(frozen=True)
class EmbeddedSubtitles:
    """The cues of one subtitle stream of the file."""

    stream: SubtitleStream
    cues: Sequence[Cue]


@dataclass(frozen=True)
class Inspection:
    """What :func:`inspect` found."""

    info: MediaInfo
    subtitles: Sequence[EmbeddedSubtitles] = ()
    """Text streams that hold cues, in file order."""
    warnings: Sequence[str] = field(default=())


def inspect(
    path: Path, *, audio_stream: int | None = None, progress: Progress = quiet
) -> Inspection:
    """Probe a media file and read its embedded subtitles.

    Parameters
    ----------
    path : the file.
    audio_stream : index of the sound track to use, instead of the one that probing chooses.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia, ZeroDuration
    InvalidParameter
        when ``audio_stream`` is no sound track of the file.
    """
    info = _choose(probe(path), audio_stream)
    warnings = [
        *info.warnings,
        *(
            f"subtitle stream {stream.index} ({stream.codec}) holds no text to use"
            for stream in info.subtitles
            if not (stream.text or stream.pictures)  # those are read by who has a text engine
        ),
    ]
    subtitles: list[EmbeddedSubtitles] = []
    streams = {stream.index: stream for stream in info.subtitles if stream.text}
    for index, cues in read_embedded(path, list(streams)).items():
        if isinstance(cues, MediaPipelineError):
            warnings.append(f"subtitle stream {index} cannot be read: {cues.message}")
        else:
            subtitles.append(EmbeddedSubtitles(streams[index], cues))
    progress(1.0)
    return Inspection(info, subtitles, warnings)


def _choose(info: MediaInfo, audio_stream: int | None) -> MediaInfo:
    if audio_stream is None:
        return info
    indices = [stream.index for stream in info.audio]
    if audio_stream not in indices:
        listed = ", ".join(map(str, indices)) or "none"
        raise InvalidParameter(
            f"audio_stream is {audio_stream}, and the file's sound tracks are: {listed}",
            "leave it empty or choose one of them",
        )
    return info.model_copy(update={"audio_index": audio_stream, "audio_choice": "as asked for"})


def read_embedded(
    path: Path, streams: Sequence[int]
) -> dict[int, list[Cue] | EncodeFailed | InvalidCaptions]:
    """The cues of subtitle streams of the file, times in seconds from the container's start time.

    The file is read once for all streams, and again for each only where one of them cannot be
    converted.

    Returns
    -------
    By stream its cues, or why it has none.
    """
    if not streams:
        return {}
    try:
        texts = _as_srt(path, streams)
    except EncodeFailed as error:
        if len(streams) == 1:
            return {streams[0]: error}
        return {index: read_embedded(path, [index])[index] for index in streams}
    found: dict[int, list[Cue] | EncodeFailed | InvalidCaptions] = {}
    for index, text in texts.items():
        try:
            found[index] = parse_cues(text, "srt", name=f"subtitle stream {index}")
        except InvalidCaptions as error:
            found[index] = error
    return found


def _as_srt(path: Path, streams: Sequence[int]) -> dict[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        targets = {index: Path(folder) / f"{index}.srt" for index in streams}
        outputs = [
            argument
            for index, target in targets.items()
            for argument in ("-map", f"0:{index}", "-f", "srt", ffmpeg.source(target))
        ]
        ffmpeg.run(["-i", ffmpeg.source(path), *outputs])
        return {
            index: target.read_text(encoding="utf-8", errors="replace")
            for index, target in targets.items()
        }


def poster(path: Path, info: MediaInfo) -> NDArray[np.uint8] | None:
    """A picture that stands for the film: of a few moments, the one with most contrast.

    Returns
    -------
    (h, w, 3) uint8, blue first, at most 1280 wide; None where there is no picture.
    """
    if info.video is None:
        return None
    width = min(_POSTER_WIDTH, info.video.width)
    length = info.video.duration
    moments = [info.video.start + share * length for share in _POSTER_MOMENTS]
    pictures = [frame_at(path, moment, width=width) for moment in moments]
    return max(pictures, key=lambda picture: float(picture.std()))


def embedded_table(subtitles: Sequence[EmbeddedSubtitles]) -> pa.Table:
    """The cues of all streams in one table of the schema ``EMBEDDED_CUES``."""
    return pa.Table.from_pylist(list(_rows(subtitles)), schema=EMBEDDED_CUES.schema)


def _rows(subtitles: Sequence[EmbeddedSubtitles]) -> Iterator[dict[str, object]]:
    for found in subtitles:
        for cue in found.cues:
            yield {
                "start": cue.start,
                "end": cue.end,
                "text": cue.text,
                "stream": found.stream.index,
                "language": found.stream.language,
            }


def _run(work: Work) -> Outcome:
    params: Params = work.params
    found = inspect(
        work.media, audio_stream=params.audio_stream, progress=lambda s: work.progress(0.5 * s)
    )
    pq.write_table(embedded_table(found.subtitles), work.out / "embedded_cues.parquet")
    work.progress(0.5)
    picture = poster(work.media, found.info)
    if picture is not None:
        cv2.imwrite(
            str(work.out / "poster.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        )
    counts = {s.stream.index: len(s.cues) for s in found.subtitles}
    streams = [
        {**stream.model_dump(mode="json"), "cues": counts.get(stream.index, 0)}
        for stream in found.info.subtitles
    ]
    facts = {"media": found.info.model_dump(mode="json"), "embedded_streams": streams}
    return Outcome(facts, found.warnings)


SOURCE = Stage(
    name="source",
    group="ingest",
    description="What the media item is: streams, duration, frame rate, rotation, the sound track "
    "in use, and the cues of its embedded subtitle streams.",
    version="2",
    params=Params,
    outputs=(
        TableOutput("embedded_cues.parquet", EMBEDDED_CUES),
        FileOutput("poster.jpg"),
    ),
    run=_run,
    kinds=("parquet", "pyav"),
    pool="decode",
)
