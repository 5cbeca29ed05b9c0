"""Engines that say what is done in a moment (``Fight``, ``Cry``): an interface, and the finding.

Rules on measured signals cannot tell a fight from a dance, so without an engine no such tag is
given and every action that was asked for is named as unsupported. A package that brings one
announces it as an entry point of the group ``media_pipeline.action_engines``; else a CLIP in the
folder of models serves (:mod:`~media_pipeline.stages.highlights.zero_shot`).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable
from media_pipeline.stages.highlights.zero_shot import ZeroShot, find_model

GROUP = "media_pipeline.action_engines"
PICTURES = 8
"""How many pictures of a moment an engine is shown."""
LIKELY = 0.5
"""The confidence from which an action becomes a tag."""


@runtime_checkable
class ActionEngine(Protocol):
    """Recognises actions in pictures."""

    @property
    def name(self) -> str:
        """Name and model, for the manifest."""

    def supported(self, actions: Sequence[str]) -> list[str]:
        """Those of the actions that the engine knows."""

    def recognise(
        self, pictures: Sequence[NDArray[np.uint8]], actions: Sequence[str]
    ) -> dict[str, float]:
        """The confidence in each action, 0 to 1.

        Parameters
        ----------
        pictures : (h, w, 3) BGR, in film order, of one moment.
        actions : some of :meth:`supported`.
        """


def identify_engine(model_dir: Path | None) -> dict[str, str] | None:
    """What :func:`find_engine` would give, without loading it; None when there is none."""
    for point in _announced():
        version = point.dist.version if point.dist is not None else ""
        return {"name": point.name, "version": version}
    model = find_model(model_dir)
    return None if model is None else {"name": "zero-shot", "model": model.name}


def find_engine(model_dir: Path | None) -> ActionEngine | None:
    """The engine that is installed, the first by name, else the model there is; None without one.

    Parameters
    ----------
    model_dir : the folder of models.

    Raises
    ------
    EngineUnavailable
        when an engine is announced and cannot be loaded, or is none, or a model is damaged.
    """
    for point in _announced():
        try:
            engine = point.load()()
        except (ImportError, AttributeError, OSError) as error:
            raise EngineUnavailable(
                f"the action engine {point.name} cannot be loaded ({error})",
                "install what it needs, or uninstall it",
            ) from error
        if not isinstance(engine, ActionEngine):
            raise EngineUnavailable(
                f"{point.name} is announced as an action engine and is none", "uninstall it"
            )
        return engine
    model = find_model(model_dir)
    return None if model is None else ZeroShot(model)


def _announced() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda p: p.name)
