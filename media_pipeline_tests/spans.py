"""How good found stretches of time are against the true ones."""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[float, float]
"""Start and end in seconds; the spans of a list do not overlap."""
TOLERANCE_S = 3.0


def shared_time(truth: Sequence[Span], found: Sequence[Span]) -> float:
    """F measure of the time that lies in spans; 1 where there is rightly nothing."""
    total = sum(end - start for start, end in (*truth, *found))
    common = sum(
        max(0.0, min(one[1], other[1]) - max(one[0], other[0])) for one in truth for other in found
    )
    return 2 * common / total if total else 1.0


def starts_found(truth: Sequence[Span], found: Sequence[Span]) -> float:
    """Share of the true starts that a found one is within three seconds of; 1 without truth only
    where nothing is found.
    """
    if not truth:
        return float(not found)
    near = [any(abs(one - other) <= TOLERANCE_S for other, _ in found) for one, _ in truth]
    return sum(near) / len(near)
