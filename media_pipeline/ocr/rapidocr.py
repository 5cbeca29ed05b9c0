"""PP-OCR through rapidocr and onnxruntime, with the weights that are inside the rapidocr package.

Nothing is ever downloaded: the two model files are named to rapidocr by path, and a package without
them is an error. One thread per session: onnxruntime then has no worker threads that could spin,
and pictures of one line are too small to gain from more.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable
from media_pipeline.ocr.base import (
    EngineIdentity,
    ModelPolicy,
    Picture,
    Reading,
    TextBox,
    package_version,
)

_REMEDY = "install it with `pip install --force-reinstall rapidocr`"
# Longer sides are scaled down to this before detection. rapidocr's default scales a wide strip up
# instead, which costs 20 times as much and splits lines.
DETECTION_SIDE = 640
_MIN_DETECTION_SIDE = (
    16  # the network's input is rounded to multiples of 32: less would round to nothing
)


def identity() -> EngineIdentity:
    """Package version and model files, without loading them.

    Raises
    ------
    EngineUnavailable
        when rapidocr is not installed or comes without its models.
    """
    installed = package_version("rapidocr", _REMEDY)
    return EngineIdentity("rapidocr", installed, "+".join(path.stem for path in model_files()))


@cache
def model_files() -> tuple[Path, Path]:
    """The detector and the recogniser that are inside the installed package."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise EngineUnavailable("the OCR engine rapidocr is not installed", _REMEDY)
    folder = Path(spec.origin).parent / "models"
    found = [sorted(folder.glob(f"*_{task}_*.onnx")) for task in ("det", "rec")]
    if not all(found):
        raise EngineUnavailable(f"rapidocr has no models in {folder}", _REMEDY)
    return found[0][-1], found[1][-1]


def _upright(quad: NDArray[np.float32], confidence: float) -> TextBox:
    (left, top), (right, bottom) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
    return TextBox(left, top, right, bottom, confidence)


class RapidOcr:
    """The default engine. Reads Chinese, Japanese and languages in Latin letters with one model."""

    name = "rapidocr"

    def __init__(self, policy: ModelPolicy | None = None) -> None:
        detector, recogniser = model_files()
        from rapidocr import RapidOCR

        self._run: Any = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.use_preprocess_img": False,
                "Global.use_vertical_padding": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.model_path": str(detector),
                "Det.limit_type": "max",
                "Det.limit_side_len": DETECTION_SIDE,
                "Rec.model_path": str(recogniser),
            }
        )

    def detect(self, picture: Picture) -> list[TextBox]:
        """Upright boxes around the text of a picture, from top to bottom."""
        if min(picture.shape[:2]) < _MIN_DETECTION_SIDE:
            return []
        found = self._run(picture, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        boxes = [
            _upright(quad, float(score))
            for quad, score in zip(found.boxes, found.scores, strict=True)
        ]
        return sorted(boxes, key=lambda box: (box.top, box.left))

    def recognise(self, pictures: Sequence[Picture]) -> list[Reading]:
        """What each picture of one line of text says, in the order given.

        One at a time: a batch is padded to its widest line, which costs more than it saves on a
        CPU.
        """
        return [self._read(picture) for picture in pictures]

    def _read(self, picture: Picture) -> Reading:
        found = self._run(picture, use_det=False, use_cls=False, use_rec=True, return_word_box=True)
        text, confidence = str(found.txts[0]), float(found.scores[0])
        details = found.word_results[0]
        if not text or details is None:
            return Reading(text, confidence)
        each = tuple(float(c) for c in details.confs)
        return Reading(
            text, confidence, each if len(each) == len(text) else (), _places(text, details)
        )


def _places(text: str, details: Any) -> tuple[float, ...]:
    """Where each character stands, from the recogniser's columns; spaces stand in between."""
    columns = [column for word in details.word_cols for column in word]
    letters = sum(not char.isspace() for char in text)
    if len(columns) != letters or not details.line_txt_len:
        return ()
    shares = iter([min(1.0, (column + 0.5) / details.line_txt_len) for column in columns])
    places: list[float] = []
    for char in text:
        places.append(places[-1] if char.isspace() and places else next(shares, 0.0))
    return tuple(places)
