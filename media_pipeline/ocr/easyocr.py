"""EasyOCR, an optional second engine (``pip install "media-pipeline[easyocr]"``); needs torch and
downloaded weights.

The package is imported when the engine is loaded and not before. Its weights are looked for in the
model folder and fetched only where downloads are allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2

from media_pipeline.errors import EngineUnavailable
from media_pipeline.ocr.base import (
    EngineIdentity,
    ModelPolicy,
    Picture,
    Reading,
    TextBox,
    package_version,
)

_REMEDY = 'install it with `pip install "media-pipeline[easyocr]"`, or use the engine rapidocr'
_LANGUAGES = ["ch_sim", "en"]
_MODEL = "craft_mlt_25k+zh_sim_g2"


def identity() -> EngineIdentity:
    """Package version and model names, without importing the package.

    Raises
    ------
    EngineUnavailable
        when EasyOCR is not installed.
    """
    return EngineIdentity("easyocr", package_version("easyocr", _REMEDY), _MODEL)


def _import() -> Any:
    try:
        torch = import_module("torch")
        _declare_torchvision_operators(torch)
        return import_module("easyocr")
    except ImportError as error:
        raise EngineUnavailable("the OCR engine easyocr is not installed", _REMEDY) from error


def _declare_torchvision_operators(torch: Any) -> None:
    """Let a CUDA build of torchvision import beside a CPU build of torch.

    The registry's torchvision wheel cannot load its native library there, and its import then stops
    at ``operator torchvision::nms does not exist``. EasyOCR calls no native operator: declaring
    their schemas is enough.
    """
    arguments = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            library.define(operator + arguments)
    # A Library takes its definitions with it when it is collected.
    torch._media_pipeline_torchvision_schemas = library


def model_files(policy: ModelPolicy) -> list[Path]:
    """Where the weights are, or are put."""
    folder = policy.model_dir or Path("~/.EasyOCR/model").expanduser()
    return [folder / f"{name}.pth" for name in _MODEL.split("+")]


class EasyOcr:
    """CRAFT detection and CRNN recognition of simplified Chinese and English."""

    name = "easyocr"

    def __init__(self, policy: ModelPolicy) -> None:
        package = _import()
        try:
            self._reader: Any = package.Reader(
                _LANGUAGES,
                gpu=False,
                model_storage_directory=str(policy.model_dir) if policy.model_dir else None,
                download_enabled=policy.allow_model_downloads,
                verbose=False,
            )
        except (FileNotFoundError, OSError, ValueError) as error:
            raise EngineUnavailable(
                f"the models of easyocr cannot be loaded ({error})",
                "put craft_mlt_25k.pth and zh_sim_g2.pth in MEDIA_PIPELINE_MODEL_DIR, or set "
                "MEDIA_PIPELINE_ALLOW_MODEL_DOWNLOADS=true",
            ) from error

    def detect(self, picture: Picture) -> list[TextBox]:
        """Upright boxes around the text of a picture, from top to bottom; slanted text in its
        upright box.
        """
        height, width = picture.shape[:2]
        upright, slanted = self._reader.detect(picture)
        boxes = [TextBox(x0, y0, x1, y1) for x0, x1, y0, y1 in upright[0]]
        for quad in slanted[0]:
            xs, ys = [point[0] for point in quad], [point[1] for point in quad]
            boxes.append(TextBox(min(xs), min(ys), max(xs), max(ys)))
        inside = [
            TextBox(max(0, b.left), max(0, b.top), min(width, b.right), min(height, b.bottom))
            for b in boxes
        ]
        return sorted(
            (b for b in inside if b.width > 0 and b.height > 0), key=lambda b: (b.top, b.left)
        )

    def recognise(self, pictures: Sequence[Picture]) -> list[Reading]:
        """What each picture of one line of text says, in the order given."""
        return [self._read(picture) for picture in pictures]

    def _read(self, picture: Picture) -> Reading:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        height, width = grey.shape
        found = self._reader.recognize(
            grey, horizontal_list=[[0, width, 0, height]], free_list=[], detail=1
        )
        if not found:
            return Reading("", 0.0)
        _, text, confidence = found[0]
        return Reading(str(text), float(confidence))
