"""What a text engine is, and how one is loaded: once per process, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable, InvalidParameter
from media_pipeline.media.held import held

Picture = NDArray[np.uint8]
"""A colour picture, ``(height, width, 3)``, BGR."""

ENGINES = ("rapidocr", "easyocr")
"""The names of the engines, the preferred one first."""


class ModelPolicy(Protocol):
    """What this machine allows engines that need models of their own."""

    @property
    def model_dir(self) -> Path | None:
        """Where models are kept, or None for the engine's own folder."""

    @property
    def allow_model_downloads(self) -> bool:
        """Whether a missing model may be fetched."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """Where a detector saw text, in pixels of its picture; right and bottom exclusive."""

    left: float
    top: float
    right: float
    bottom: float
    confidence: float = 1.0

    @property
    def height(self) -> float:
        """Pixels from the top to the bottom edge."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """Pixels from the left to the right edge."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of text as an engine read it.

    Attributes
    ----------
    confidence : mean over the characters, in [0, 1].
    characters : one confidence per character of ``text``, or empty where the engine gives none.
    places : where each character stands, as a share of the picture's width from the left, or empty.
    """

    text: str
    confidence: float
    characters: tuple[float, ...] = ()
    places: tuple[float, ...] = ()

    def weights(self) -> tuple[float, ...]:
        """One confidence per character of the text; the line's own without others."""
        return self.characters or (self.confidence,) * len(self.text)


class TextEngine(Protocol):
    """Finds text in a picture and reads lines of text."""

    @property
    def name(self) -> str:
        """The engine's name, as in :data:`ENGINES`."""

    def detect(self, picture: Picture) -> list[TextBox]:
        """Upright boxes around the text of a picture, from top to bottom."""

    def recognise(self, pictures: Sequence[Picture]) -> list[Reading]:
        """What each picture of one line of text says, in the order given."""


@dataclass(frozen=True, slots=True)
class EngineIdentity:
    """What makes two runs of an engine comparable: same name, version and model, same reading."""

    name: str
    version: str
    model: str

    def as_dict(self) -> dict[str, str]:
        """The identity as fingerprints and manifests hold it."""
        return {"name": self.name, "version": self.version, "model": self.model}


def load_engine(name: str, policy: ModelPolicy) -> TextEngine:
    """The engine of that name; its models are loaded where they are not in memory already.

    Raises
    ------
    InvalidParameter
        when there is no engine of that name.
    EngineUnavailable
        when it is not installed, or a model is missing that may not be downloaded.
    """
    return _engine(_known(name), _Policy(policy.model_dir, policy.allow_model_downloads))


def identify_engine(name: str) -> EngineIdentity:
    """The identity of the engine of that name, without loading its models.

    Raises
    ------
    InvalidParameter
        when there is no engine of that name.
    EngineUnavailable
        when it is not installed.
    """
    if _known(name) == "easyocr":
        from media_pipeline.ocr import easyocr

        return easyocr.identity()
    from media_pipeline.ocr import rapidocr

    return rapidocr.identity()


def package_version(package: str, remedy: str) -> str:
    """The version of an installed package.

    Raises
    ------
    EngineUnavailable
        with the remedy when it is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise EngineUnavailable(f"the OCR engine {package} is not installed", remedy) from error


def _known(name: str) -> str:
    if name not in ENGINES:
        raise InvalidParameter(
            f"there is no OCR engine {name!r}", f"use one of {', '.join(ENGINES)}"
        )
    return name


class _Policy(NamedTuple):
    """What an engine is loaded by, to be compared."""

    model_dir: Path | None
    allow_model_downloads: bool


def _model_files(name: str, policy: _Policy) -> Sequence[Path]:
    if name == "easyocr":
        from media_pipeline.ocr import easyocr

        return easyocr.model_files(policy)
    from media_pipeline.ocr import rapidocr

    return rapidocr.model_files()


@held(_model_files, times=4.0)
def _engine(name: str, policy: _Policy) -> TextEngine:
    if name == "easyocr":
        from media_pipeline.ocr.easyocr import EasyOcr

        return EasyOcr(policy)
    from media_pipeline.ocr.rapidocr import RapidOcr

    return RapidOcr(policy)
