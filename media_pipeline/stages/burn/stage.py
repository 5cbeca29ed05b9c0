"""The asset ``captioned_video``: a film that shows what is said.

A picture that carries captions already gets no second text over the first: the word that is being
spoken is marked in them. A picture without gets subtitles: captions that a person or the file gave,
else those made of the speech.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from media_pipeline.errors import NoEngineForLanguage, NothingToDo, NoVideoStream
from media_pipeline.media.decode import frame_at
from media_pipeline.media.encode import Preset, square_size, written_size
from media_pipeline.media.fonts import find_font
from media_pipeline.media.probe import MediaInfo
from media_pipeline.stages.base import (
    Artifact,
    MediaOutput,
    Outcome,
    Stage,
    Work,
    raise_reason,
)
from media_pipeline.stages.burn.boxes import WordBox, captions_of, word_boxes
from media_pipeline.stages.burn.drawing import Drawing, draw_captions, merged
from media_pipeline.stages.burn.render import burn
from media_pipeline.stages.burn.settings import CaptionSettings, checked_colour
from media_pipeline.text.ass import Event, Style, document, rounded_box
from media_pipeline.text.colours import parse_colour
from media_pipeline.text.cues import Cue, cues_from_table, words_from_table
from media_pipeline.text.given import timed
from media_pipeline.text.pieces import Caption

# so many of the given captions must be in the picture too, for it to count as carrying them
_IN_PICTURE = 1 / 3
_RADIUS = 0.2  # of a box's height


class Params(CaptionSettings):
    """How captions look and how the film is encoded."""

    box_color: str = Field(
        "#FFD24A", description="colour of the box over the spoken word of captions in the picture"
    )
    box_opacity: float = Field(
        0.4, ge=0.05, le=0.9, description="how much the box covers: 0 nothing, 1 all"
    )
    crf: int = Field(20, ge=0, le=51, description="quality of H.264: lower is better and larger")
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")

    @field_validator("box_color")
    @classmethod
    def _is_box_colour(cls, value: str) -> str:
        return checked_colour(value)


def captions_in_picture(given: list[Cue], source: str | None, read: list[Cue]) -> list[Cue]:
    """The captions that the picture carries, with their boxes; empty when it carries none.

    Parameters
    ----------
    given : the canonical captions.
    source : where those come from: ``ocr``, ``human`` or ``embedded``.
    read : what was read off the picture.

    Notes
    -----
    Captions that a person corrected, or that lie in a stream of the file, may be in the picture as
    well. They count as such when a third of them were read there at their times.
    """
    if source == "ocr":
        return [cue for cue in given if cue.box is not None]
    boxed = [cue for cue in read if cue.box is not None]
    shown = sum(any(r.start < cue.end and cue.start < r.end for r in boxed) for cue in given)
    return boxed if given and shown >= _IN_PICTURE * len(given) else []


def draw_boxes(
    boxes: Sequence[WordBox], width: int, height: int, *, rgb: str, opacity: float
) -> Drawing:
    """Boxes over words as a drawing for a picture of that size."""
    font = find_font("0")  # every event needs a style, and every style a font, though none is used
    colour = replace(parse_colour(rgb), alpha=round(255 * opacity))
    events = [
        Event(
            b.start,
            b.end,
            rounded_box(
                *(b.left, b.top, b.right, b.bottom),
                radius=_RADIUS * (b.bottom - b.top),
                colour=colour,
            ),
            "Box",
        )
        for b in boxes
    ]
    return Drawing(
        document(width, height, [Style("Box", font, 20.0)], events),
        frozenset({font}),
        merged((b.start, b.end) for b in boxes),
    )


def said(given: Sequence[Cue], speech: Artifact, words: Artifact, name: str) -> list[Caption]:
    """What is said in a film, as captions whose words have times.

    Parameters
    ----------
    given : captions that a person or the file gave; they come before the speech.
    speech, words : the artifacts of those stages.
    name : what to call the film.

    Raises
    ------
    NothingToDo, NoEngineForLanguage
        when there is no text, because nothing is said or nothing here understands it.
    """
    cues = list(given) or cues_from_table(speech.table("cues.parquet"))
    cues = [cue for cue in cues if cue.text.strip()]
    if not cues:
        if speech.reason is not None and speech.reason.code == NoEngineForLanguage.__name__:
            raise_reason(speech)  # something is said, which is not the same as nothing
        raise NothingToDo(
            f"{name} has neither captions nor speech to show",
            "give captions with `media-pipeline caption --captions FILE`",
        )
    spoken = words_from_table(words.table("words.parquet"))
    return [replace(timed(cue, spoken), loose=not given) for cue in cues]


# --- the adapter ----------------------------------------------------------------------------------


def _run(work: Work) -> Outcome:
    params: Params = work.params
    # the source says which sound track was chosen
    info = MediaInfo.model_validate(work.inputs["source"].facts["media"])
    video = info.video
    if video is None:
        raise NoVideoStream(work.name)
    size, written = square_size(video), written_size(video)
    captions = work.inputs["captions"]
    given = cues_from_table(captions.table("captions.parquet"))
    read = cues_from_table(work.inputs["ocr_cues"].table("cues.parquet"))
    source = captions.facts.get("source") if given else None
    shown = captions_in_picture(given, source, read)
    if shown:
        mode = "boxes"
        boxes = _boxes(work, shown, size)
        drawing = draw_boxes(boxes, *written, rgb=params.box_color, opacity=params.box_opacity)
    else:
        mode = "subtitles"
        spoken = said(given, work.inputs["speech_subtitles"], work.inputs["words"], work.name)
        drawing = draw_captions(spoken, *written, params)
    target = work.out / "captioned.mp4"
    done = burn(
        work.media,
        info,
        target,
        drawing,
        crf=params.crf,
        preset=params.preset,
        progress=work.progress,
    )
    facts = {
        "mode": mode,
        "coded_anew": round(done.share, 4),
        "why": done.why,
        "durations": {target.name: video.duration},
    }
    return Outcome(facts, warnings=drawing.warnings)


def _boxes(work: Work, shown: list[Cue], size: tuple[int, int]) -> list[WordBox]:
    words = work.inputs["words"]
    raise_reason(words)
    spoken = words_from_table(words.table("words.parquet"))
    found = word_boxes(
        shown,
        spoken,
        *size,
        cue_of=captions_of(spoken, shown),
        look=lambda time: _luma(frame_at(work.media, time)),
    )
    if not found:
        raise NothingToDo(
            f"the captions in the picture of {work.name} are not what is said in it",
            "there is no spoken word to mark; take the captions from caption_files instead",
        )
    return found


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8)


CAPTIONED_VIDEO = Stage(
    name="captioned_video",
    group="renders",
    description=(
        "The film with subtitles, or, where the picture carries captions already, with the word "
        "that is being spoken marked in them."
    ),
    version="4",
    params=Params,
    inputs=("source", "ocr_cues", "captions", "words", "speech_subtitles"),
    outputs=(MediaOutput("captioned.mp4"),),
    run=_run,
    kinds=("mp4",),
    pool="encode",
)
