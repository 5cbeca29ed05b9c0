"""How well a film of a drawn face was retouched, from the truth of how it was drawn."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline_tests.generators.faces import Faces

Film = NDArray[np.uint8]


def scores(faces: Faces, made: Film, given: Film | None = None) -> dict[str, float]:
    """Scores of a retouched film, (n, h, w, 3) BGR, beside the film as it was given: by default
    before it was coded for the first time.

    ``spots``: the share of their contrast that is gone. ``features``: the share of their detail
    that eyes, brows and mouth keep. ``background``: PSNR of all that is not the head. ``texture``:
    what is left of the pores. ``flicker``: what changes from picture to picture in the skin, once
    its motion is taken out, beside the same of the film as it was.
    """
    given = faces.spotted if given is None else given
    grey_in, grey_out, grey_clean = (_grey(f) for f in (given, made, faces.clean))
    return {
        "spots": _spots(faces, grey_in, grey_out, grey_clean),
        "features": _kept(grey_in, grey_out, faces.features, 1.5),
        "background": _psnr(given, made, ~_grown(faces.head, 5)),
        "texture": _kept(grey_in, grey_out, faces.skin & ~_near_spots(faces), 1.3),
        "flicker": _flicker(faces, grey_out) / _flicker(faces, grey_in),
    }


def _grey(film: Film) -> NDArray[np.float32]:
    return np.stack([cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in film]).astype(np.float32)


def _grown(masks: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return np.stack([cv2.dilate(m.astype(np.uint8), kernel) > 0 for m in masks])


def _spots(faces: Faces, one: NDArray, other: NDArray, clean: NDArray) -> float:
    height, width = one.shape[1:]
    yy, xx = np.mgrid[0:height, 0:width]
    gone = []
    for index in range(len(one)):
        matrix = faces.film.matrix(index)
        scale = float(np.hypot(*matrix[0, :2]))
        for x, y, radius in faces.drawing.spots:
            a, b = matrix @ np.array([x, y, 1.0])
            away = np.hypot(xx - a, yy - b) / (radius * scale)
            core, ring = away < 0.75, (away > 1.7) & (away < 2.6) & faces.skin[index]
            if core.sum() < 2 or ring.sum() < 4:
                continue
            depth = [f[index][ring].mean() - f[index][core].mean() for f in (one, other, clean)]
            planted = depth[0] - depth[2]
            if planted > 3:
                gone.append(1 - min(abs(depth[1] - depth[2]) / planted, 1.0))
    return float(np.mean(gone))


def _near_spots(faces: Faces) -> NDArray[np.bool_]:
    different = np.abs(faces.spotted.astype(int) - faces.clean).max(axis=3) > 2
    return _grown(different, 3)


def _kept(one: NDArray, other: NDArray, masks: NDArray[np.bool_], sigma: float) -> float:
    def detail(film: NDArray) -> float:
        fine = [p - cv2.GaussianBlur(p, (0, 0), sigma) for p in film]
        return float(np.mean([np.abs(f[m]).mean() for f, m in zip(fine, masks, strict=True)]))

    return detail(other) / detail(one)


def _psnr(one: Film, other: Film, masks: NDArray[np.bool_]) -> float:
    error = np.square(one.astype(np.float32) - other)[masks].mean()
    return float(10 * np.log10(255**2 / max(error, 1e-3)))


def _flicker(faces: Faces, film: NDArray) -> float:
    """Mean change of what is coarser than grain between pictures laid on one another."""
    size = (240, 320)
    half = np.diag([0.5, 0.5, 1.0])
    laid = []
    for index, picture in enumerate(film):
        full = np.vstack([faces.film.matrix(index), [0, 0, 1]]) @ np.linalg.inv(half)
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        laid.append(
            cv2.warpAffine(soft, full[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        )
    inside = cv2.resize(faces.drawing.skin, size) > 0.95
    return float(np.mean([np.abs(b - a)[inside].mean() for a, b in pairwise(laid)]))
