"""A film whose captions are in another language afterwards: the old ones go, the new ones come.

The old captions are taken out of the picture where a stage can do that; else they are covered. The
new ones stand in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from media_pipeline.errors import InvalidCaptions, NoVideoStream, Unavailable
from media_pipeline.media.encode import written_size
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import verify_media
from media_pipeline.production.base import Job
from media_pipeline.production.captioning import media_info
from media_pipeline.stages.burn import CaptionSettings, burn, draw_captions
from media_pipeline.stages.burn.covers import covered, covers_of
from media_pipeline.text.colours import parse_colour
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.given import Given
from media_pipeline.text.pieces import Caption

REMOVAL = "detexted"
"""The stage that takes captions out of the picture, where there is one."""
_EM_OF_ROW = 0.9  # of the height of a row as it is read
_SMALLEST, _LARGEST = 0.04, 0.08  # em, as shares of the picture's height
_INSIDE_S = 0.05  # a caption that begins later than this before the end cannot be read


@dataclass(frozen=True, slots=True)
class Localised:
    """What became of a film: how many captions are new, how many old ones there were, and whether
    those were ``removed``, ``covered``, or ``absent``.
    """

    captions: int
    old: int
    way: str


def localise(
    job: Job, given: Given, target: Path, settings: CaptionSettings | None = None
) -> Localised:
    """Write the film of a job with translated captions in the place of those in its picture.

    Parameters
    ----------
    given : the translation, with times.
    target : ``.mp4``, written whole or not at all.
    settings : how captions look; a filled ground by default where old captions are covered, and
        the place of the old captions unless one is given.

    Raises
    ------
    NoVideoStream
    InvalidCaptions
        when no caption begins within the film.
    InvalidParameter, UnknownFont, FontMissing, NothingToDo
    """
    info = media_info(job)
    item = job.runner.store.media.get(job.key)
    if info.video is None:
        raise NoVideoStream(item.name)
    captions = within(given.captions, info.duration, job)
    old = _old_captions(job)
    media, way = job.runner.originals.path(item), "absent"
    if old:
        way, clean = "covered", _without_text(job)
        if clean is not None:
            media, info, way = clean, probe(clean), "removed"
    else:
        job.note(f"{item.name} has no captions in its picture: the new ones are drawn as they are")
    if info.video is None:
        raise NoVideoStream(item.name)
    size = written_size(info.video)
    look = placed(settings, old, size, covering=way == "covered")
    drawing = draw_captions(captions, *size, look)
    if way == "covered":
        drawing = covered(drawing, covers_of(old, *size), parse_colour(look.outline_color))
    for warning in drawing.warnings:
        job.note(f"warning: {warning}")
    burn(media, info, target, drawing, progress=lambda share: job.progress(0.5 + 0.5 * share))
    verify_media(target, duration=info.video.duration)
    return Localised(len(captions), len(old), way)


def within(captions: Sequence[Caption], duration: float, job: Job) -> list[Caption]:
    """The captions that begin within the film, none lasting beyond it; says how many do not.

    Raises
    ------
    InvalidCaptions
        when none does: they are of another film.
    """
    inside = [c for c in captions if c.start < duration - _INSIDE_S]
    if captions and not inside:
        raise InvalidCaptions(
            f"all {len(captions)} captions begin after the film, which lasts {duration:.2f} s",
            "give the captions of this film",
        )
    if len(inside) < len(captions):
        late = len(captions) - len(inside)
        job.note(f"warning: {late} captions begin after the film and are left out")
    return [replace(c, end=min(c.end, duration)) for c in inside]


def placed(
    settings: CaptionSettings | None,
    old: Sequence[Cue],
    size: tuple[int, int],
    *,
    covering: bool,
) -> CaptionSettings:
    """Settings for text in the place and size of old captions, unless others were given."""
    look = settings or CaptionSettings(style="box" if covering else "classic")
    boxes = [(cue.box, cue.text.count("\n") + 1) for cue in old if cue.box is not None]
    if not boxes:
        return look
    width, height = size
    changes: dict[str, int] = {}
    if not {"x", "y", "position"} & look.model_fields_set:
        changes["x"] = round(width * median(box.x + box.w / 2 for box, _ in boxes))
        changes["y"] = round(height * median(box.y + box.h / 2 for box, _ in boxes))
    if look.font_size is None:
        em = _EM_OF_ROW * median(box.h / rows for box, rows in boxes)
        changes["font_size"] = round(height * min(max(em, _SMALLEST), _LARGEST))
    return look.model_copy(update=changes)


def _old_captions(job: Job) -> list[Cue]:
    try:
        read = job.runner.request(
            job.key, "ocr_cues", progress=lambda share: job.progress(0.5 * share)
        )
    except Unavailable:
        return []
    return [cue for cue in cues_from_table(read.table("cues.parquet")) if cue.box is not None]


def _without_text(job: Job) -> Path | None:
    """The film without its captions, where there is a stage for that."""
    if REMOVAL not in job.runner.stages:
        return None
    try:
        return job.runner.request(job.key, REMOVAL).path(f"{REMOVAL}.mp4")
    except Unavailable:
        return None
