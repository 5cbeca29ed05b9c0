"""RNNoise, by the library in the wheel of pyrnnoise; the rest of that wheel is not imported.

References
----------
Valin (2018), "A hybrid DSP/deep learning approach to real-time full-band speech enhancement".
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from media_pipeline.errors import EngineUnavailable

Floats = NDArray[np.float64]

RATE, _FRAME = 48000, 480
_DELAY = 959
"""Samples by which the library answers late: a frame of overlap and one of look-ahead, found by
correlation."""
_SCALE = 32768.0
_LIBRARIES = {"linux": "librnnoise.so", "darwin": "librnnoise.dylib", "win32": "rnnoise.dll"}


@functools.cache
def _library() -> Any:
    found = importlib.util.find_spec("pyrnnoise")
    if found is None or not found.submodule_search_locations:
        raise EngineUnavailable("pyrnnoise is not installed", "pip install pyrnnoise")
    name = _LIBRARIES.get(sys.platform, "librnnoise.so")
    path = Path(found.submodule_search_locations[0]) / name
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise EngineUnavailable(f"{path} cannot be loaded ({error})", "reinstall pyrnnoise") from (
            error
        )
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p] * 3
    library.rnnoise_process_frame.restype = ctypes.c_float
    return library


def rnnoise(samples: Floats, rate: int) -> Floats:
    """Speech with less noise, (n,) to (n,), aligned to the sample.

    Raises
    ------
    EngineUnavailable
    """
    both = gcd(rate, RATE)
    wide = samples if rate == RATE else resample_poly(samples, RATE // both, rate // both)
    count = -(-(len(wide) + _DELAY) // _FRAME) * _FRAME
    given = np.zeros(count, np.float32)
    given[: len(wide)] = wide * _SCALE
    taken = np.empty_like(given)
    library = _library()
    state = library.rnnoise_create(None)
    try:
        for at in range(0, count * 4, _FRAME * 4):
            library.rnnoise_process_frame(state, taken.ctypes.data + at, given.ctypes.data + at)
    finally:
        library.rnnoise_destroy(state)
    clean = taken[_DELAY : _DELAY + len(wide)].astype(np.float64) / _SCALE
    if rate != RATE:
        clean = resample_poly(clean, rate // both, RATE // both)
    return np.asarray(np.pad(clean, (0, max(0, len(samples) - len(clean))))[: len(samples)])
