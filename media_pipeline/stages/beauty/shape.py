"""Changing the shape of faces: what an engine has to do, and which one is there.

None comes with the package, as none that is good works without a model. One that is installed
beside it announces itself as an entry point of the group :data:`GROUP`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import InvalidParameter

Picture = NDArray[np.uint8]
Changed = tuple[Picture, NDArray[np.bool_]]

GROUP = "media_pipeline.face_shapes"
SHAPES = ("cheek_thin", "face_cut", "face_thin", "chin_thin", "eye_size", "smile")


@runtime_checkable
class ShapeEngine(Protocol):
    """Changes the shape of one face in one picture; made without arguments."""

    name: str
    version: str
    """Changed whenever the same picture would be given another shape."""
    shapes: Collection[str]
    """Those of :data:`SHAPES` that it changes."""

    def reshape(
        self, part: Picture, face: tuple[float, float, float], amounts: Mapping[str, float]
    ) -> Changed:
        """The face in another shape, and (h, w) where the picture differs from what it was.

        Parameters
        ----------
        part : (h, w, 3) Y'CbCr, the face and what is around it.
        face : x and y of its middle, and its side, in pixels of ``part``.
        amounts : how much of each shape, 0 to 1.
        """


@dataclass(frozen=True)
class Reshaping:
    """An engine, and how much it is to change: 0 to 1."""

    engine: ShapeEngine
    amounts: Mapping[str, float]

    def change(self, part: Picture, face: tuple[float, float, float], weight: float) -> Changed:
        """Change a face, less where ``weight`` is below 1: one that comes or goes."""
        amounts = {name: weight * amount for name, amount in self.amounts.items()}
        return self.engine.reshape(part, face, amounts)


def reshaping(wanted: Mapping[str, int], place: str) -> Reshaping | None:
    """What changes the shapes that are asked for; None where none is.

    Parameters
    ----------
    wanted : 0 to 100 by name.
    place : what the parameters belong to, as the caller knows it.

    Raises
    ------
    InvalidParameter
        naming the first shape that no installed engine changes.
    """
    asked = {name: wanted[name] for name in SHAPES if wanted.get(name)}
    if not asked:
        return None
    engines = [point.load()() for point in entry_points(group=GROUP)]
    able = [engine for engine in engines if set(asked) <= set(engine.shapes)]
    if able:
        return Reshaping(able[0], {name: value / 100 for name, value in asked.items()})
    most = max((set(asked) & set(engine.shapes) for engine in engines), key=len, default=set[str]())
    name = next(name for name in asked if name not in most)
    raise InvalidParameter(
        f"'{place}.{name}' is invalid, input: {asked[name]}, value range: 0",
        f"no engine that changes it is installed: an entry point of {GROUP} would name one",
    )
