"""Beat This!, an optional second engine (``pip install "media-pipeline[beat-this]"``); needs torch,
and weights that the user puts into the folder of models.

The package is imported when the engine is loaded and not before, and is only ever given a file that
exists: of any other name it would try a download.

References
----------
Foscarin, Schlüter and Widmer (2024), "Beat This! Accurate beat tracking without DBN
postprocessing".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.audio import Samples
from media_pipeline.media.held import held
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.beats.onsets import RATE
from media_pipeline.stages.beats.track import Tracked

NAME = "beat-this"
FPS = 50
_PART_S, _CONTEXT_S = 120, 10
_PEAK_FRAMES = 7  # 70 ms on both sides
_SILENT = 1e-4
_FEWEST = 2
_WEIGHTS = ("beat_this*.ckpt", "final*.ckpt", "small*.ckpt")
_INSTALL = 'install it with `pip install "media-pipeline[beat-this]"`, or use the engine built-in'
_FETCH = (
    "put a checkpoint of Beat This! (final0.ckpt or small0.ckpt, from the cloud space that its "
    "README names) into MEDIA_PIPELINE_MODEL_DIR, or use the engine built-in"
)

Floats = NDArray[np.float64]
Frames = Callable[[Samples, int], tuple[Any, Any]]
"""From (n,) sound and its rate to the log odds of a beat and of a downbeat, ``FPS`` a second."""


def find_weights(model_dir: Path | None) -> Path:
    """The checkpoint in the folder of models, the first by name.

    Raises
    ------
    EngineUnavailable
        when there is none.
    """
    if model_dir is None or not model_dir.is_dir():
        raise EngineUnavailable("there is no folder of models with weights of beat-this", _FETCH)
    found = [path for pattern in _WEIGHTS for path in sorted(model_dir.glob(pattern))]
    if not found:
        raise EngineUnavailable(f"{model_dir} has no weights of beat-this", _FETCH)
    return found[0]


def identity(model_dir: Path | None) -> Mapping[str, str]:
    """Name, version of the package, and name and digest of the weights, without importing it.

    Raises
    ------
    EngineUnavailable
        when the package or its weights are missing.
    """
    try:
        package = version(NAME)
    except PackageNotFoundError as error:
        raise EngineUnavailable("the engine beat-this is not installed", _INSTALL) from error
    weights = find_weights(model_dir)
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": NAME, "version": package, "model": f"{weights.stem}@{digest[:12]}"}


@held(lambda weights: [weights])
def load(weights: Path) -> Frames:
    """The network with its weights, on the processor.

    Raises
    ------
    EngineUnavailable
        when the package cannot be imported, or the file holds no such weights.
    """
    try:
        inference = import_module("beat_this.inference")
    except ImportError as error:
        raise EngineUnavailable(f"beat-this cannot be loaded ({error})", _INSTALL) from error
    try:
        network: Frames = inference.Audio2Frames(checkpoint_path=str(weights), device="cpu")
    except Exception as error:  # whatever torch says of a file that it cannot read
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineUnavailable(f"{weights} holds no weights of beat-this ({said})", _FETCH) from (
            error
        )
    return network


def track_with(
    network: Frames, blocks: Iterable[Samples], seconds: float, progress: Progress = quiet
) -> Tracked:
    """Find the beats of music with the network.

    Parameters
    ----------
    network : from :func:`load`.
    blocks : mono sound at :data:`~media_pipeline.stages.beats.onsets.RATE`, in order.
    seconds : about how long the sound is, for the progress.

    Notes
    -----
    The network hears two minutes at a time with ten seconds before and after them, so a long sound
    needs no more memory than a short one.
    """
    beats, downbeats = [], []
    loudest = 0.0
    for number, (part, first, last) in enumerate(_parts(blocks)):
        loudest = max(loudest, float(np.abs(part).max(initial=0.0)))
        odds = [np.asarray(one, np.float64)[first:last] for one in network(part, RATE)]
        beats.append(odds[0])
        downbeats.append(odds[1])
        progress(min(1.0, (number + 1) * _PART_S / max(seconds, 1e-3)))
    if not beats or loudest < _SILENT:
        return Tracked()
    return _tracked(np.concatenate(beats), np.concatenate(downbeats))


def _parts(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, int, int]]:
    """Sound with its context, and between which of its frames the part itself lies."""
    size, context, hop = _PART_S * RATE, _CONTEXT_S * RATE, RATE // FPS
    kept = np.zeros(0, np.float32)
    lead = 0
    for block in blocks:
        clean = np.nan_to_num(np.asarray(block, np.float32), posinf=1.0, neginf=-1.0)
        kept = np.concatenate([kept, clean])
        while len(kept) >= lead + size + context:
            yield kept[: lead + size + context], lead // hop, (lead + size) // hop
            kept, lead = kept[lead + size - context :], context
    if len(kept) > lead:
        yield kept, lead // hop, -(-len(kept) // hop)


def _tracked(beat_odds: Floats, downbeat_odds: Floats) -> Tracked:
    frames = _peaks(beat_odds)
    if len(frames) < _FEWEST:
        return Tracked()
    times = frames / FPS
    bars = np.unique([int(np.abs(frames - at).argmin()) for at in _peaks(downbeat_odds)])
    meter, places = _places(len(times), bars)
    bpm = float(60 / np.median(np.diff(times)))
    chance = 1 / (1 + np.exp(-beat_odds[frames.round().astype(int)]))
    candidates = (bpm, bpm / 2, bpm * 2)
    return Tracked(times, places, meter, bpm, candidates, float(chance.mean()))


def _peaks(odds: Floats) -> Floats:
    """Frames that are likelier than not and than all within 70 ms; neighbours count as one."""
    at = np.flatnonzero((odds == maximum_filter1d(odds, _PEAK_FRAMES)) & (odds > 0))
    groups = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    return np.array([group.mean() for group in groups if len(group)])


def _places(count: int, bars: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """The usual number of beats in a bar, and the place of each beat in its own, from 0."""
    lengths = np.diff(bars)
    meter = int(np.bincount(lengths).argmax()) if len(lengths) else 4
    if not len(bars):
        return meter, np.arange(count) % meter
    at = np.arange(count)
    last = bars[np.maximum(np.searchsorted(bars, at, side="right") - 1, 0)]
    return meter, np.where(at >= last, at - last, (at - last) % meter).astype(np.int64)
