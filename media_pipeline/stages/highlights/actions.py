"""Engines that say what is done in a moment (``Fight``, ``Cry``): an interface, and the finding.

Rules on measured signals cannot tell a fight from a dance, so without an engine no such tag is
given and every action that was asked for is named as unsupported. None is shipped; a package that
brings one announces it as an entry point of the group ``media_pipeline.action_engines``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable

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


def find_engine() -> ActionEngine | None:
    """The engine that is installed, the first by name; None when there is none.

    Raises
    ------
    EngineUnavailable
        when an engine is announced and cannot be loaded, or is none.
    """
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
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
    return None
