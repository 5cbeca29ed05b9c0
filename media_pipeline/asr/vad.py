"""Where speech is: voice activity by Silero's small network, which comes with faster-whisper.

Nothing is downloaded, and the sound is read in blocks, so memory does not grow with its length.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media_pipeline.asr.base import WHOLE, Progress, Span, quiet
from media_pipeline.asr.sound import HOP_S, RATE, Samples, levels, piece, seconds
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.held import held

_FRAME = 512  # samples per decision; the network's own
_CONTEXT = 64  # samples of the frame before that it also sees
_BLOCK = 1024  # frames per call: 33 s
FRAME_S = _FRAME / RATE

_ONSET, _OFFSET = 0.5, 0.35  # probabilities where speech begins and ends; Silero's defaults
_MIN_SPEECH_S = 0.1
_MIN_SILENCE_S = 0.2
_PAD_S = 0.06  # the network answers about two frames late at both ends
CHUNK_S = 30.0
"""Longest chunk that recognisers take: Whisper's window."""


def speech_spans(
    samples: Samples, window: Span = WHOLE, *, progress: Progress = quiet
) -> list[Span]:
    """Where speech is in 16 kHz mono sound.

    Parameters
    ----------
    samples : mono sound, float32 in [-1, 1] or int16; may be mapped from a file.
    window : the seconds that are listened to; the spans are on the clock of the whole.

    Returns
    -------
    list of (start, end)
        in seconds, in order, apart by at least 0.08 s, each at least 0.1 s long.

    References
    ----------
    Silero VAD, https://github.com/snakers4/silero-vad
    """
    start, end = (min(time, seconds(samples)) for time in window)
    heard = samples[round(start * RATE) : round(end * RATE)]
    spans = spans_of(speech_probabilities(heard, progress=progress), seconds(heard))
    return [(start + a, start + b) for a, b in spans]


def speech_probabilities(samples: Samples, *, progress: Progress = quiet) -> NDArray[np.float32]:
    """The probability of speech in each frame of 32 ms, shape (n,)."""
    session = _session()
    h = c = np.zeros((1, 1, 128), np.float32)
    context = np.zeros(_CONTEXT, np.float32)
    found: list[NDArray[np.float32]] = []
    step = _BLOCK * _FRAME / RATE
    total = max(seconds(samples), step)
    for start in np.arange(0, seconds(samples), step):
        block = piece(samples, start, start + step)
        block = np.pad(block, (0, -len(block) % _FRAME))
        joined = np.concatenate([context, block])
        frames = np.lib.stride_tricks.sliding_window_view(joined, _CONTEXT + _FRAME)[::_FRAME]
        values, h, c = session.run(None, {"input": np.ascontiguousarray(frames), "h": h, "c": c})
        found.append(values.reshape(-1))
        context = block[-_CONTEXT:]
        progress(min(1.0, (start + step) / total))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def spans_of(probabilities: NDArray[np.float32], duration: float) -> list[Span]:
    """Spans of speech from probabilities per frame, by hysteresis; padded, short ones dropped."""
    spans: list[list[float]] = []
    speaking = False
    for i, probability in enumerate(probabilities):
        if not speaking and probability >= _ONSET:
            speaking = True
            if spans and (i * FRAME_S) - spans[-1][1] < _MIN_SILENCE_S:
                continue
            spans.append([i * FRAME_S, (i + 1) * FRAME_S])
        elif speaking and probability < _OFFSET:
            speaking = False
        if speaking:
            spans[-1][1] = (i + 1) * FRAME_S
    return [
        (max(0.0, start - _PAD_S), min(duration, end + _PAD_S))
        for start, end in spans
        if end - start >= _MIN_SPEECH_S and start < duration
    ]


def chunks(
    samples: Samples, spans: Sequence[Span], *, longest: float = CHUNK_S, join: float = 1.0
) -> list[Span]:
    """Stretches of speech of at most ``longest`` seconds, cut in silence.

    Neighbouring spans less than ``join`` seconds apart share a chunk while they fit. A span that is
    longer than a chunk is cut at the quietest place of its window's second half.
    """
    parts: list[Span] = []
    for begin, end in spans:
        start = begin
        while end - start > longest:
            cut = _quietest(samples, start + longest / 2, start + longest)
            parts.append((start, cut))
            start = cut
        parts.append((start, end))
    found: list[Span] = []
    for start, end in parts:
        if found and start - found[-1][1] < join and end - found[-1][0] <= longest:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def overlap(spans: Sequence[Span], start: float, end: float) -> float:
    """How many seconds of the spans lie between ``start`` and ``end``."""
    return sum(max(0.0, min(b, end) - max(a, start)) for a, b in spans)


def _quietest(samples: Samples, start: float, end: float) -> float:
    level = levels(piece(samples, start, end))
    smooth = np.convolve(level, np.ones(20) / 20, mode="same")
    inner = smooth[10:-10] if len(smooth) > 40 else smooth
    offset = 10 if len(smooth) > 40 else 0
    return start + (int(np.argmin(inner)) + offset) * HOP_S


@held(lambda: [network_path()], times=14.0)
def _session() -> Any:
    """The network in memory; it is small, and a session of onnxruntime is not."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(network_path()), providers=["CPUExecutionProvider"], sess_options=options
    )


def network_path() -> Path:
    """The file of the network inside the faster-whisper package, which is not imported for it.

    Raises
    ------
    EngineUnavailable
        when faster-whisper is not installed or brings no such file.
    """
    spec = importlib.util.find_spec("faster_whisper")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for file in sorted((Path(place) / "assets").glob("silero_vad_v*.onnx")):
            return file
    raise EngineUnavailable(
        "the voice activity detector is missing", "run `pip install --upgrade faster-whisper`"
    )
