"""The asset ``reel``: all clips in one film, each after a title card, with cross-fades.

Put together with moviepy. Clips are read frame by frame while they play and never held whole, so
memory does not grow with the length or number of the clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from pydantic import Field

from media_pipeline.errors import EncodeFailed, NothingToDo
from media_pipeline.media import ffmpeg
from media_pipeline.media.decode import frame_at
from media_pipeline.media.encode import Preset, square_size
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.media.wav import open_wav
from media_pipeline.stages.base import (
    MediaOutput,
    Outcome,
    Progress,
    Stage,
    StageParams,
    Work,
    quiet,
    raise_reason,
)
from media_pipeline.stages.highlights.cards import title_card
from media_pipeline.stages.highlights.footage import Footage, Picture, stereo

if TYPE_CHECKING:
    from moviepy import VideoClip

_SOUND_ONLY_SIZE = (1280, 720)
_SOUND_ONLY_FPS = 25.0
_RATE = 48000


class Params(StageParams):
    """How the reel is put together."""

    title_s: float = Field(2.0, ge=0.5, le=10.0, description="seconds that each title card stays")
    fade_s: float = Field(
        0.4, ge=0.0, le=2.0, description="seconds of each cross-fade; less between short clips"
    )
    max_height: int = Field(
        720, ge=16, le=2160, description="pixels; taller clips are made that tall"
    )
    crf: int = Field(20, ge=0, le=51, description="quality of H.264: lower is better and larger")
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip for the reel, and where in the film it was cut, in seconds."""

    path: Path
    start: float
    end: float
    score: float


@dataclass(frozen=True, slots=True)
class _Part:
    """A clip with what the reel needs to know about it."""

    clip: Clip
    info: MediaInfo
    length: float
    card: Picture


@dataclass(frozen=True, slots=True)
class _Plan:
    parts: list[_Part]
    size: tuple[int, int]
    fps: float
    title: float
    fade: float

    @property
    def duration(self) -> float:
        """Titles and clips, less a cross-fade at each of the places where two meet."""
        lengths = sum(part.length + self.title for part in self.parts)
        return lengths - (2 * len(self.parts) - 1) * self.fade


def make_reel(
    clips: Sequence[Clip], target: Path, params: Params | None = None, *, progress: Progress = quiet
) -> float:
    """Put clips together to one film.

    Parameters
    ----------
    clips : in the order in which they appear; sound alone gets its title card for a picture.
    target : ``.mp4``, written whole or not at all.
    progress : called with the share that is done.

    Returns
    -------
    float
        seconds: of the titles and clips, less the cross-fades.

    Raises
    ------
    NothingToDo
        when there are no clips.
    FontMissing, EncodeFailed
    """
    if not clips:
        raise NothingToDo("there are no clips to put in a reel", "cut some first")
    params = params or Params()
    plan = _plan(clips, params)
    with TemporaryDirectory(prefix="media_pipeline_reel_") as folder, ExitStack() as stack:
        sound = Path(folder) / "sound.wav" if any(p.info.audio for p in plan.parts) else None
        if sound is not None:
            _write_sound(plan, sound)
        film = _film(plan, stack)
        with atomic_path(target) as temporary:
            _write_film(film, plan, temporary, sound, params, progress)
    return plan.duration


def _plan(clips: Sequence[Clip], params: Params) -> _Plan:
    infos = [probe(clip.path) for clip in clips]
    videos = [info.video for info in infos if info.video is not None]
    size, fps = _SOUND_ONLY_SIZE, _SOUND_ONLY_FPS
    if videos:
        width, height = square_size(videos[0], params.max_height)
        size = (max(2, width // 2 * 2), max(2, height // 2 * 2))
        fps = round(min(60.0, max(v.fps for v in videos)), 2)  # moviepy writes two decimals
    lengths = [i.video.duration if i.video is not None else i.duration for i in infos]
    fade = min(params.fade_s, params.title_s / 3, min(lengths) / 3)
    parts = [
        _Part(clip, info, length, _card(clip, number, len(clips), size, info))
        for number, (clip, info, length) in enumerate(zip(clips, infos, lengths, strict=True), 1)
    ]
    return _Plan(parts, size, fps, params.title_s, fade)


def _card(clip: Clip, number: int, count: int, size: tuple[int, int], info: MediaInfo) -> Picture:
    ground = None
    if info.video is not None:
        picture = frame_at(clip.path, info.video.duration / 2, width=64)
        ground = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8)
    return title_card(size, number, count, clip.start, clip.end, clip.score, ground)


def _film(plan: _Plan, stack: ExitStack) -> VideoClip:
    """Titles and clips one after another; only the cross-fades are composed, the rest passes."""
    from moviepy import CompositeVideoClip, ImageClip, concatenate_videoclips
    from moviepy.video.fx import CrossFadeIn

    items: list[Any] = []
    for part in plan.parts:
        items.append(ImageClip(part.card, duration=plan.title))
        items.append(_played(part, plan.size, stack))
    fade, sections = plan.fade, []
    for number, item in enumerate(items):
        last = number + 1 == len(items)
        begin, end = fade if number else 0.0, item.duration - (0.0 if last else fade)
        if end - begin > 1e-6:
            sections.append(item.subclipped(begin, end))
        if fade and not last:
            rising = items[number + 1].subclipped(0, fade).with_effects([CrossFadeIn(fade)])
            falling = item.subclipped(end, item.duration)
            sections.append(CompositeVideoClip([falling, rising], use_bgclip=True))
    return concatenate_videoclips(sections, method="chain")


def _played(part: _Part, size: tuple[int, int], stack: ExitStack) -> VideoClip:
    from moviepy import ImageClip, VideoClip

    if part.info.video is None:
        return ImageClip(part.card, duration=part.length)
    footage = Footage(part.clip.path, size)
    stack.callback(footage.close)
    # given to the constructor, the function would be called at once and open every file
    clip = VideoClip(duration=part.length)
    clip.frame_function = footage.frame
    clip.size = size
    return clip


def _write_sound(plan: _Plan, path: Path) -> None:
    """The sound of the reel: silence under titles, clips fading in and out with their picture."""
    begin = plan.title - plan.fade
    with open_wav(path, _RATE, 2) as wav:
        for part in plan.parts:
            wav.write(np.zeros((max(0, round(begin * _RATE) - wav.frames), 2), np.float32))
            if part.info.audio:
                samples = stereo(part.clip.path, _RATE, part.length)
                ramp = np.linspace(0, 1, round(plan.fade * _RATE), dtype=np.float32)[:, None]
                samples[: len(ramp)] *= ramp
                samples[len(samples) - len(ramp) :] *= ramp[::-1]
                wav.write(samples)
            begin += part.length + plan.title - 2 * plan.fade
        wav.write(np.zeros((max(0, round(plan.duration * _RATE) - wav.frames), 2), np.float32))


def _write_film(
    film: VideoClip,
    plan: _Plan,
    target: Path,
    sound: Path | None,
    params: Params,
    progress: Progress,
) -> None:
    from moviepy.video.io import ffmpeg_writer

    ffmpeg_writer.FFMPEG_BINARY = ffmpeg.ffmpeg_path()  # whatever else FFMPEG_BINARY names
    # RGB becomes YUV by the matrix that players assume for high definition, and is marked so
    matrix = "bt709"
    writer = ffmpeg_writer.FFMPEG_VideoWriter(
        str(target),
        plan.size,
        plan.fps,
        codec="libx264",
        preset=params.preset,
        audiofile=None if sound is None else str(sound),
        audio_codec="aac",
        ffmpeg_params=[
            *("-crf", str(params.crf), "-b:a", "192k", "-movflags", "+faststart"),
            *("-vf", f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"),
            *("-colorspace", matrix, "-color_primaries", matrix, "-color_trc", matrix),
        ],
    )
    process = writer.proc
    try:
        with writer:
            for time, frame in film.iter_frames(plan.fps, with_times=True, dtype="uint8"):
                writer.write_frame(frame)
                progress(min(1.0, time / plan.duration))
    except OSError as error:
        raise EncodeFailed(f"ffmpeg failed: {str(error).strip().splitlines()[-1]}") from error
    if process.returncode:
        raise EncodeFailed(f"ffmpeg failed ({process.returncode}) while finishing the reel")


# --- the adapter ----------------------------------------------------------------------------------


def _run(work: Work) -> Outcome:
    rendered = work.inputs["rendered_clips"]
    raise_reason(rendered)
    clips = [
        Clip(rendered.path(row["file"]), row["start"], row["end"], row["score"])
        for row in rendered.table("clips.parquet").to_pylist()
    ]
    duration = make_reel(clips, work.out / "reel.mp4", work.params, progress=work.progress)
    return Outcome({"duration": duration, "durations": {"reel.mp4": duration}})


REEL = Stage(
    name="reel",
    group="highlights",
    description="All clips in one film, each after a title card, with cross-fades.",
    version="1",
    params=Params,
    inputs=("rendered_clips",),
    outputs=(MediaOutput("reel.mp4"),),
    run=_run,
    kinds=("mp4",),
    pool="encode",
)
