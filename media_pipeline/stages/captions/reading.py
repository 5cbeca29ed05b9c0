"""Reading a track: which of its pictures are recognised, and what is made of differing readings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from media_pipeline.ocr.base import Picture, Reading, TextEngine
from media_pipeline.stages.captions.crops import text_columns, text_ends
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.spacing import with_spaces
from media_pipeline.stages.captions.template import similarity
from media_pipeline.stages.captions.tracks import Track
from media_pipeline.text.scripts import is_cjk, main_script

_SURE = 0.95  # confidence from which one reading is enough
_JPEG_QUALITY = 90
_STRETCH = 1.3
_REMEMBERED = 8  # rows that a new one may be a repetition of
_SAME_PLACE = 0.8
_SAME_LOOK = 0.9
_MARK_READINGS = 3
_THIN = "一—–-…"
"""Characters that detectors leave out at the ends of a row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of text that was read.

    Attributes
    ----------
    start, end : first and last frame that show it.
    weights : one confidence per character.
    box : where the text stands, in pixels of the working strip.
    look : the mean high-passed picture of ``place``, in grey levels.
    crop : the picture that was read, as a JPEG file.
    votes : how many readings the text was made from: one that was sure, else two or three.
    of_shot : whether it comes and goes with a shot, as what is in the picture does.
    """

    start: int
    end: int
    text: str
    confidence: float
    weights: tuple[float, ...]
    box: PixelBox
    place: PixelBox
    look: NDArray[np.int8] = field(compare=False)
    crop: bytes
    votes: int = 1
    of_shot: bool = False


class Reader:
    """Reads tracks with an engine, as seldom as it can.

    Parameters
    ----------
    engine : recognises lines.
    language : ``ch``, ``en`` or ``ch_ml``.
    """

    def __init__(self, engine: TextEngine, language: str) -> None:
        self._engine = engine
        self._language = language
        self._recent: list[Row] = []
        self.samples = 0
        """Samples of which at least one crop was recognised."""
        self.lines = 0
        """Crops that were recognised."""
        self._sampled: set[int] = set()

    def read(self, track: Track) -> Row | None:
        """The row that a track shows, or None when it holds no text."""
        crops = track.crops()
        if crops is None:
            return None
        look = np.rint(track.template.mean).astype(np.int8)
        row = Row(
            track.start, track.end, "", 0.0, (), track.text, track.box, look, b"",
            of_shot=track.of_shot,
        )  # fmt: skip
        known = self._repeated(row)
        if known is not None:
            return replace(known, start=row.start, end=row.end, box=row.box, of_shot=row.of_shot)
        before = self.lines
        columns = text_columns(crops.mean)
        mean, single = crops.mean[:, columns], crops.single[:, columns]
        reading = self._recognise(mean, single, track.end)
        votes = self.lines - before
        text = tidy(reading.text, self._language)
        if not text:
            return None
        _, jpeg = cv2.imencode(".jpg", mean, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        confidence = reading.confidence
        weights = reading.weights()
        if len(weights) != len(text):
            weights = (confidence,) * len(text)
        row = replace(
            row,
            text=text,
            confidence=confidence,
            weights=weights,
            box=whole(track.text, text, crops.mean, track.width),
            crop=jpeg.tobytes(),
            votes=votes,
        )
        self._recent = [*self._recent[-_REMEMBERED + 1 :], row]
        return row

    def _repeated(self, row: Row) -> Row | None:
        """A mark that was lost and found again: it looks as it did the last times it was read in
        this place.

        A single reading before is not enough: a caption may follow another that looks almost the
        same.
        """
        before = [
            known
            for known in self._recent
            if min(known.place.covered(row.place), row.place.covered(known.place)) >= _SAME_PLACE
        ][-_MARK_READINGS:]
        same = (
            len(before) == _MARK_READINGS
            and len({known.text for known in before}) == 1
            and all(similarity(k.look, k.place, row.look, row.place) >= _SAME_LOOK for k in before)
        )
        return before[-1] if same else None

    def _recognise(self, mean: Picture, single: Picture, sample: int) -> Reading:
        """What the mean picture says; where that is not sure, the vote of three readings."""
        readings = [self._line(mean, sample)]
        latin = main_script(readings[0].text) == "latin"
        if readings[0].confidence >= _SURE and not latin:
            return readings[0]
        # Narrow letters run into each other ("ll" becomes "l"): Latin rows are read wider, too.
        readings.append(self._line(_stretched(mean) if latin else single, sample))
        if readings[0].text != readings[1].text:
            readings.append(self._line(_stretched(single if latin else mean), sample))
        return vote(readings)

    def _line(self, picture: Picture, sample: int) -> Reading:
        self.lines += 1
        self._sampled.add(sample)
        self.samples = len(self._sampled)
        return with_spaces(self._engine.recognise([picture])[0], picture)


def whole(box: PixelBox, text: str, crop: Picture, width: int) -> PixelBox:
    """The box of a row, made wider where it leaves out a thin character at an end of its text.

    Parameters
    ----------
    box : where the detector saw it.
    text : as it was read.
    crop : the row as it was cut out by the box, with room on both sides.
    width : of the strip, in which the box stays.
    """
    before, after = (ceil(end * box.height) for end in text_ends(crop))
    return replace(
        box,
        left=max(0, box.left - before) if text[0] in _THIN else box.left,
        right=min(width, box.right + after) if text[-1] in _THIN else box.right,
    )


def _stretched(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    size = (round(width * _STRETCH), height)
    return cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def vote(readings: Sequence[Reading]) -> Reading:
    """What most readings say, character by character.

    Each reading is aligned with the most confident one (Levenshtein); at each place the character,
    or its absence, with the largest sum of confidences wins. See Fiscus, "A post-processing system
    to yield reduced word error rates: Recognizer Output Voting Error Reduction (ROVER)", 1997.
    """
    best = max(readings, key=lambda r: r.confidence)
    texts = [r.text for r in readings]
    agreed = max(set(texts), key=lambda t: (texts.count(t), t == best.text))
    if texts.count(agreed) * 2 > len(texts):
        return max((r for r in readings if r.text == agreed), key=lambda r: r.confidence)
    # One slot per character of the best reading and one before, between and after them for
    # insertions.
    slots: list[dict[str, float]] = [{} for _ in range(2 * len(best.text) + 1)]
    for reading in readings:
        _cast(slots, best.text, reading)
    chosen = [max(slot.items(), key=lambda item: item[1]) for slot in slots if slot]
    total = sum(r.confidence for r in readings)
    text = "".join(char for char, _ in chosen)
    weights = tuple(min(1.0, weight / total) for chars, weight in chosen for _ in chars)
    return Reading(text, float(np.mean(weights)) if weights else 0.0, weights)


def _cast(slots: list[dict[str, float]], base: str, reading: Reading) -> None:
    """Give a reading's characters to the slots of the base text; a slot without one gets a vote for
    nothing.
    """
    weights = reading.weights()
    inserted = [""] * (len(base) + 1)
    strength = [reading.confidence] * (len(base) + 1)
    for step in Levenshtein.opcodes(base, reading.text):
        src, dest = range(step.src_start, step.src_end), range(step.dest_start, step.dest_end)
        for offset, place in enumerate(src):
            char, weight = "", reading.confidence
            if offset < len(dest):
                char, weight = reading.text[dest[offset]], weights[dest[offset]]
            slot = slots[2 * place + 1]
            slot[char] = slot.get(char, 0.0) + weight
        if len(dest) > len(src):
            extra = dest[len(src) :]
            inserted[step.src_end] += "".join(reading.text[i] for i in extra)
            strength[step.src_end] = min(weights[i] for i in extra)
    for place, text in enumerate(inserted):
        slot = slots[2 * place]
        slot[text] = slot.get(text, 0.0) + strength[place]


_WIDE_FORMS = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)} | {0x3002: ord("."), 0x3000: ord(" ")}


def tidy(text: str, language: str) -> str:
    """A reading as one row of a caption.

    White space is collapsed and composed characters are used (NFC). In rows of Latin letters,
    full-width forms become ASCII; in Chinese rows dots become an ellipsis of two (``……``). With the
    language ``en`` rows without a Latin letter or digit are nothing; ``ch_ml`` leaves punctuation
    as it was read.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if language == "en" and not re.search(r"[A-Za-z0-9]", text.translate(_WIDE_FORMS)):
        return ""
    if language == "ch_ml":
        return text
    if language == "en" or main_script(text) == "latin":
        return text.translate(_WIDE_FORMS)
    if any(is_cjk(c) for c in text):
        return re.sub(r"\.{3,}|…+|。{3,}", "……", text)
    return text
