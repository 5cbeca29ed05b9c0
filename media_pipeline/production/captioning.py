"""Caption: a film, or one frame of it, with captions drawn on it.

The captions are those that are given; else what a person wrote, what a subtitle stream of the file
holds, or what is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_pipeline.errors import (
    InvalidParameter,
    NoEngineForLanguage,
    NoVideoStream,
    Unavailable,
    known_as,
)
from media_pipeline.media.encode import written_size
from media_pipeline.media.files import atomic_path
from media_pipeline.media.fonts import check_family
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.transparency import is_transparent
from media_pipeline.media.verify import verify_media
from media_pipeline.production.base import Function, Job, Result, Task
from media_pipeline.stages.burn import (
    CaptionSettings,
    Drawing,
    burn,
    caption_settings,
    check_times,
    draw_given,
    said,
    still,
)
from media_pipeline.stages.burn.settings import UNTIMED_STYLES
from media_pipeline.text.cues import Cue, cues_from_table, words_from_table
from media_pipeline.text.exclusion import TimeRange, time_ranges
from media_pipeline.text.formats import MAX_BYTES
from media_pipeline.text.given import Given, parse_given, read_given, timed
from media_pipeline.text.pieces import caption, estimated
from media_pipeline.text.replacing import Replacement, replacements

PARAMETERS = ("captions", "settings", "replace", "exclude_time_ranges", "language")
_ADDRESS = re.compile(r"(https?|s3|oss)://\S+", re.IGNORECASE)
_OWN = ("human", "embedded")
"""Sources of captions that are meant to be shown, and are not in the picture already."""
_UNREAD = ("captions",)
"""Reading the picture costs more than all else, and what stands in it needs no second text."""


@dataclass(frozen=True)
class Wishes:
    """How captions shall look and what shall be changed in them, all of it checked."""

    settings: CaptionSettings
    replacements: Sequence[Replacement] = ()
    exclude: Sequence[TimeRange] = ()
    language: str | None = None
    captions: str | None = None
    """Text of SRT, WebVTT, ASS or JSON, or plain text; never the name of a local file."""
    address: str | None = None
    """Where the captions are instead, such as ``https://host/film.srt``; others fetch them."""

    def given(self, duration: float) -> Given | None:
        """The captions that came with the wishes, for a film of that many seconds.

        Raises
        ------
        InvalidCaptions
        """
        return None if self.captions is None else parse_given(self.captions, duration)

    def drawing(self, given: Given, info: MediaInfo, name: str) -> Drawing:
        """Captions as they are drawn on a film of that name.

        Raises
        ------
        NoVideoStream, InvalidParameter, UnknownFont, FontMissing, NothingToDo
        """
        if info.video is None:
            raise NoVideoStream(name)
        return draw_given(
            given,
            *written_size(info.video),
            self.settings,
            replace_by=self.replacements,
            exclude=self.exclude,
            language=self.language,
        )


def wishes(values: Mapping[str, Any]) -> Wishes:
    """Wishes from their JSON: an object with any of :data:`PARAMETERS`, where null is absent.

    Whatever can be known without the film is checked here.

    Raises
    ------
    InvalidParameter, InvalidCaptions
        naming the parameter and what is allowed.
    UnknownFont
        with the families that are installed, in ``available``.
    """
    strange = sorted(set(values) - set(PARAMETERS))
    if strange:
        raise InvalidParameter(
            f"there is no parameter {strange[0]!r}", f"choose from {', '.join(PARAMETERS)}"
        )
    asked = {name: value for name, value in values.items() if value is not None}
    for name in ("captions", "language"):
        if not isinstance(asked.get(name, ""), str):
            raise InvalidParameter(f"{name} is no text", "give text, or leave it out")
    settings = caption_settings(asked.get("settings", {}))
    check_family(settings.font_family)
    found = Wishes(
        settings,
        replacements(asked.get("replace", [])),
        time_ranges(asked.get("exclude_time_ranges", [])),
        asked.get("language") or None,
        **_captions(asked.get("captions")),
    )
    given = found.given(1.0)  # of captions that are text, what is wrong shows at any duration
    if given is not None and given.ass is None:
        check_times(given.captions, settings)
    return found


def _captions(text: str | None) -> dict[str, str | None]:
    if text is None or not _ADDRESS.fullmatch(text.strip()):
        return {"captions": text}
    return {"address": text.strip()}


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and give the work: the film with the captions in it."""
    asked = wishes(values)

    def work(job: Job) -> Result:
        info = media_info(job)
        if asked.address is not None:
            copy = job.files["captions"]
            with known_as(asked.address, copy):
                given = read_given(str(copy), info.duration)
        else:
            given = asked.given(info.duration) or captions_of(job, info, asked)
        with atomic_path(job.folder / job.name) as target:
            share, why = write_film(job, info, given, asked, target)
        return {"Captions": len(given.captions), "CodedAnew": round(share, 4), "Why": why}

    files = {"captions": asked.address} if asked.address is not None else {}
    return Task(work, (".mp4",), files=files, max_file_bytes=MAX_BYTES)


def media_info(job: Job) -> MediaInfo:
    """What probing found in the film of a job."""
    return MediaInfo.model_validate(job.runner.request(job.key, "source").facts["media"])


def captions_of(job: Job, info: MediaInfo, asked: Wishes) -> Given:
    """What a person wrote or the file holds; else what is said.

    Nothing is listened to for captions that are there, unless the style moves from word to word.

    Raises
    ------
    NothingToDo, NoEngineForLanguage
        when there is no text, because nothing is said or nothing here understands it.
    """
    params = {"language": {"language": asked.language}} if asked.language else {}
    cues = _own_captions(job, info)
    if cues and asked.settings.style in UNTIMED_STYLES:
        return Given(tuple(caption(cue) for cue in cues))
    try:
        words = job.runner.request(job.key, "words", params, without=_UNREAD, progress=job.progress)
    except NoEngineForLanguage:
        if cues and asked.settings.estimate_word_times:
            return Given(tuple(caption(cue) for cue in cues))
        raise
    if not cues:
        name = job.runner.store.media.get(job.key).name
        speech = job.runner.request(job.key, "speech_subtitles", params, without=_UNREAD)
        return Given(tuple(said((), speech, words, name)))
    spoken = words_from_table(words.table("words.parquet"))
    found = [timed(cue, spoken) for cue in cues]
    if any(one.timed for one in found):  # a caption that nobody says, such as a sign, is no fault
        found = [one if one.timed else estimated(one) for one in found]
    return Given(tuple(found))


def _own_captions(job: Job, info: MediaInfo) -> list[Cue]:
    current = job.runner.store.current("captions", job.key)
    if current is None or not current.human:
        if not info.subtitles:  # then there is no need to read the picture
            return []
        with suppress(Unavailable):
            current = job.runner.request(job.key, "captions", progress=job.progress)
    if current is None or current.facts.get("source") not in _OWN:
        return []
    return [c for c in cues_from_table(current.table("captions.parquet")) if c.text.strip()]


def write_film(
    job: Job, info: MediaInfo, given: Given, asked: Wishes, target: Path
) -> tuple[float, str]:
    """Draw captions on the film of a job and prove that it plays.

    Returns
    -------
    share of the picture's time that was coded anew, and why it was all of it, where it was.

    Raises
    ------
    InvalidParameter
        when the film is transparent and would no longer be, or for what :meth:`Wishes.drawing`
        refuses.
    """
    name = job.runner.store.media.get(job.key).name
    drawing = _noted(asked.drawing(given, info, name), job.note)
    media = job.runner.originals.path(job.runner.store.media.get(job.key))
    if target.suffix == ".mp4" and info.video and is_transparent(media, info.video.index):
        raise InvalidParameter(
            f"the picture of {name} is transparent, which MP4 cannot hold",
            "name an output that ends in .mov or .webm",
        )
    done = burn(media, info, target, drawing, progress=job.progress)
    verify_media(target, duration=info.video.duration if info.video else None)
    return done.share, done.why


def write_frame(
    media: Path,
    info: MediaInfo,
    given: Given,
    asked: Wishes,
    time: float,
    target: Path,
    note: Callable[[str], None],
) -> None:
    """Draw one frame of a film, as ``.png`` or ``.jpg``, without a runner or a lake.

    Raises
    ------
    InvalidParameter
        when the time is outside the film, or for what :meth:`Wishes.drawing` refuses.
    """
    drawing = _noted(asked.drawing(given, info, media.name), note)
    if info.video is None:
        raise NoVideoStream(media.name)
    still(media, info.video, drawing, time, target)


def _noted(drawing: Drawing, note: Callable[[str], None]) -> Drawing:
    for warning in drawing.warnings:
        note(f"warning: {warning}")
    return drawing


CAPTION = Function(prepare, pool="encode")
