"""A window led along what is to be seen, calmly: still where it can be, else without jerks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]

_MOVE = 0.12  # what moving the window by the whole picture costs, of all there is to be seen
_STILL = 0.35  # of the window's width: a subject that moves less is followed by a window at rest
_EASED = 7  # moments over which a bend is spread
_MOST = 400  # moments that the path is solved for at once
_SLOWLY, _EVENLY, _SOFTLY = 1.0, 3.0, 6.0  # weights of speed, acceleration and jerk


def best_windows(
    columns: Sequence[NDArray[np.float32]], share: float, room: Path | None = None
) -> Path:
    """The middles of a window at each moment, as shares of the width.

    The window holds as much as it can of what is to be seen, and moves only for what is worth it
    (dynamic programming).

    Parameters
    ----------
    columns : how much there is to be seen in each column, of sum 1.
    share : width of the window, of the picture's.
    room : (n, 2), the least and the largest middle at each moment.
    """
    held, size, count = _held(columns, share)
    places = np.arange(held.shape[1])
    if room is not None:
        middles = (places + size / 2) / count
        slack = 0.5 / count  # there is always a place
        outside = (middles < room[:, :1] - slack) | (middles > room[:, 1:] + slack)
        held = held - 1e3 * outside
    cost = _MOVE * np.abs(places[:, None] - places[None]) / count
    best = held[0].copy()
    came: list[NDArray[np.intp]] = []
    for now in held[1:]:
        total = best[None] - cost
        from_where = total.argmax(axis=1)
        came.append(from_where)
        best = total[places, from_where] + now
    place = int(best.argmax())
    taken = [place]
    for from_where in came[::-1]:
        place = int(from_where[place])
        taken.append(place)
    return (np.array(taken[::-1]) + size / 2) / count


def attention(columns: Sequence[NDArray[np.float32]], share: float, path: Path) -> float:
    """How much of what is to be seen windows with these middles hold; only ratios mean anything."""
    held, size, count = _held(columns, share)
    places = np.clip(np.rint(path * count - size / 2).astype(int), 0, held.shape[1] - 1)
    return float(held[np.arange(len(path)), places].mean())


def _held(
    columns: Sequence[NDArray[np.float32]], share: float
) -> tuple[NDArray[np.float64], int, int]:
    """What a window at each place holds at each moment, its width and the picture's in columns."""
    count = len(columns[0])
    size = max(3, round(share * count))
    shape = np.hanning(size + 2)[1:-1] + 0.5
    return np.stack([np.convolve(c, shape, "valid") for c in columns]), size, count


def calm(path: Path, share: float, room: Path | None = None) -> Path:
    """A path without jitter and overshoot near the one wanted, inside the picture.

    Parameters
    ----------
    path : middles of the window, of the width.
    share : width of the window.
    room : (n, 2), the least and the largest middle at each moment, kept but for easing.

    References
    ----------
    M. Grundmann, V. Kwatra, I. Essa, "Auto-directed video stabilization with robust L1 optimal
    camera paths", CVPR 2011: least sums of absolute speed, acceleration and jerk give stretches at
    rest and at constant speed.
    """
    if room is None:
        room = np.tile([share / 2, 1 - share / 2], (len(path), 1))
    low, high = float(room[:, 0].max()), float(room[:, 1].min())
    if low <= high and (len(path) < 4 or np.ptp(np.percentile(path, (5, 95))) < _STILL * share):
        return np.full(len(path), float(np.clip(np.median(path), low, high)))
    step = -(-len(path) // _MOST)
    found = _eased(_least(path[::step], room[::step]))
    return np.interp(np.arange(len(path)), np.arange(len(path))[::step], found)


def _eased(path: Path) -> Path:
    """Without sharp bends: means of neighbours, which never overshoot."""
    shape = np.hanning(_EASED + 2)[1:-1]
    padded = np.pad(path, _EASED // 2, mode="edge")
    return np.convolve(padded, shape / shape.sum(), "valid")


def between(times: Sequence[float], path: Path, rate: float) -> tuple[Path, Path]:
    """The path at ``rate`` moments per second, curved where it was bent: times and places."""
    from scipy.interpolate import PchipInterpolator

    if len(times) < 2 or np.ptp(path) == 0:
        return np.array(times, float), path
    fine = np.append(np.arange(times[0], times[-1], 1 / rate), times[-1])
    return fine, np.asarray(PchipInterpolator(times, path)(fine), float)


def _least(path: Path, room: Path) -> Path:
    from scipy import sparse
    from scipy.optimize import linprog

    count = len(path)
    blocks = [sparse.eye(count, format="csr")]
    for _ in range(3):
        last = blocks[-1]
        blocks.append((last[1:] - last[:-1]).tocsr())
    weights = (1.0, _SLOWLY, _EVENLY, _SOFTLY)
    costs = [np.zeros(count)]
    rows, bounds = [], []
    sizes = [b.shape[0] for b in blocks]
    for number, (block, weight) in enumerate(zip(blocks, weights, strict=True)):
        slack = [
            -sparse.eye(size) if i == number else sparse.csr_matrix((block.shape[0], size))
            for i, size in enumerate(sizes)
        ]
        wanted = path if number == 0 else np.zeros(block.shape[0])
        rows += [sparse.hstack([block, *slack]), sparse.hstack([-block, *slack])]
        bounds += [wanted, -wanted]
        costs.append(np.full(block.shape[0], weight))
    solved = linprog(
        np.concatenate(costs),
        A_ub=sparse.vstack(rows).tocsc(),
        b_ub=np.concatenate(bounds),
        bounds=[*room.tolist(), *[(0, None)] * sum(sizes)],
        method="highs",
    )
    if solved.status != 0:
        return np.asarray(np.clip(np.median(path), room[:, 0], room[:, 1]), np.float64)
    return np.asarray(solved.x[:count], np.float64)
