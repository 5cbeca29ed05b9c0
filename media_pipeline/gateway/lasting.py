"""For how long something has been so."""

from __future__ import annotations

from collections.abc import Callable

_FORGET_S = 600.0


class Lasting:
    """Seconds since each of many things was first seen to be so.

    What nobody has asked for in ten minutes is forgotten: of a cancelled job nobody says that it is
    over.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, float]] = {}
        self._forgot_at = clock()

    def seconds(self, name: str) -> float:
        """Since it was first asked, which may be now; to ask is to say that it is so."""
        now = self._clock()
        first, _ = self._seen.get(name, (now, now))
        self._seen[name] = first, now
        if now - self._forgot_at > _FORGET_S:
            self._forgot_at = now
            kept = self._seen.items()
            self._seen = {name: seen for name, seen in kept if now - seen[1] <= _FORGET_S}
        return now - first

    def over(self, name: str) -> None:
        """It is not so, or is no more."""
        self._seen.pop(name, None)

    def __len__(self) -> int:
        return len(self._seen)
