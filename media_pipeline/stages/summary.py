"""A shorter film of the best shots of a film, in film order: the function ``VideoClip``.

Which moments are best is the highlight stage's business: its score is read here for every shot.
Shots are kept whole as far as they go, sentences always where they are known.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media import ffmpeg
from media_pipeline.media.audio import read_audio
from media_pipeline.media.coding import Coding
from media_pipeline.media.cut import cut, frame_span
from media_pipeline.media.encode import aac_args, h264_args
from media_pipeline.media.probe import AudioStream, MediaInfo
from media_pipeline.media.wav import open_wav
from media_pipeline.stages.base import Progress, quiet

Span = tuple[float, float]

_SHARE, _SHORTEST_S, _LONGEST_S = 0.1, 15.0, 180.0
_PIECE_S = 1.5  # a shorter piece is over before one has seen what it shows
_LONG_PIECE_S = 12.0  # a longer one is parted, so that one shot does not fill the summary
_STEP = 0.1
_FADE_S = 0.06  # of the sound from one piece to the next
_LEAD_S = 0.1  # kept before and after a sentence where a piece would begin or end with it
# of the pieces before they are joined: hardly any loss, since they are encoded twice
_PIECE = Coding(crf=14, preset="ultrafast")


def usual_target(duration: float) -> float:
    """How long the shorter film is when nobody says: a tenth of the film, but 15 to 180 s, and at
    most half of it.
    """
    return min(max(duration * _SHARE, _SHORTEST_S), _LONGEST_S, duration / 2)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the film that is taken whole or left out."""

    start: float
    end: float
    score: float
    """Mean highlight score, -1 to 1."""


def pieces_of(
    shots: Sequence[Span],
    sentences: Sequence[Span],
    score: NDArray[np.float32],
    *,
    longest: float = _LONG_PIECE_S,
) -> list[Piece]:
    """Part a film into pieces that can stand by themselves.

    Parameters
    ----------
    shots : in order, from the start of the film to its end.
    sentences : spans that are never parted, in order; of the voice where words are unknown.
    score : (cells,) highlight score every 0.1 s.
    longest : seconds; a longer shot is parted where nobody speaks.

    Returns
    -------
    list of Piece
        in order, without gaps. A cut inside a sentence parts nothing, so a piece may be longer.
    """
    if not shots:
        return []
    begin, end = shots[0][0], shots[-1][1]
    free = _free_places([a for a, _ in shots[1:]], sentences)
    places = [begin]
    for place in [*free, end]:
        places += _between(places[-1], place, sentences, longest)
        if place - places[-1] >= _PIECE_S or (place == end and len(places) == 1):
            places.append(place)
    if places[-1] < end:  # what is left at the end is too short to stand alone
        places[-1:] = [end] if len(places) > 1 else [places[0], end]
    return [Piece(a, b, _mean(score, a, b)) for a, b in pairwise(places)]


def _mean(score: NDArray[np.float32], start: float, end: float) -> float:
    cells = score[int(start / _STEP) : max(int(start / _STEP) + 1, round(end / _STEP))]
    return float(cells.mean()) if len(cells) else 0.0


def _free_places(places: Sequence[float], sentences: Sequence[Span]) -> list[float]:
    starts = [a for a, _ in sentences]
    return [p for p in places if not _inside(p, sentences, starts)]


def _inside(place: float, sentences: Sequence[Span], starts: Sequence[float]) -> bool:
    i = bisect_right(starts, place) - 1
    return i >= 0 and sentences[i][0] < place < sentences[i][1]


def _between(start: float, end: float, sentences: Sequence[Span], longest: float) -> list[float]:
    """Places that part a long stretch, each as late as ``longest`` allows: between sentences."""
    found: list[float] = []
    starts = [a for a, _ in sentences]
    gaps = [
        min(max(b + _LEAD_S, (b + c) / 2), c) for (_, b), (c, _) in pairwise(sentences) if c > b
    ]
    at = start
    while end - at > longest:
        usual = at + longest * 0.75
        near = [g for g in gaps if at + _PIECE_S <= g <= min(at + longest, end - _PIECE_S)]
        if not _inside(usual, sentences, starts):
            near.append(usual)
        if not near:
            later = next((g for g in gaps if g > at + longest), None)
            if later is None or later >= end - _PIECE_S:
                break
            near = [later]
        at = min(near, key=lambda g: abs(g - usual))
        found.append(at)
    return found


def choose_spans(pieces: Sequence[Piece], target: float) -> list[Span]:
    """The pieces that together are worth most and fit into the target; neighbours become one.

    The worth of a piece is its score times its length: a knapsack, solved exactly on a grid of
    0.1 s. What nobody would miss (the film's lowest tenth) is not taken to fill up; of fewer than
    ten pieces each counts.

    Parameters
    ----------
    pieces : in film order, without overlaps.
    target : seconds of the result; it is never exceeded.

    Raises
    ------
    NothingToDo
        when there is no piece.
    """
    if not pieces:
        raise NothingToDo("the film has no moment to show", "give a longer film")
    floor = float(np.percentile([p.score for p in pieces], 10, method="lower")) - 1e-3
    room = int(target / _STEP + 1e-6)
    sizes = [int(np.ceil((p.end - p.start) / _STEP - 1e-6)) for p in pieces]
    best = np.zeros(room + 1)
    taken = np.zeros((len(pieces), room + 1), bool)
    for i, (piece, size) in enumerate(zip(pieces, sizes, strict=True)):
        if size > room:
            continue
        value = (piece.score - floor) * size
        with_it = best[: room + 1 - size] + value
        better = with_it > best[size:]
        taken[i, size:] = better
        best[size:] = np.where(better, with_it, best[size:])
    chosen, left = [], int(np.argmax(best))
    for i in range(len(pieces) - 1, -1, -1):
        if taken[i, left]:
            chosen.append((pieces[i].start, pieces[i].end))
            left -= sizes[i]
    if not chosen:  # no piece is as short as that: the start of the best
        top = max(pieces, key=lambda p: p.score)
        chosen = [(top.start, top.start + min(target, top.end - top.start))]
    return _joined(chosen[::-1])


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] < 0.01:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def join_spans(
    media: Path, info: MediaInfo, spans: Sequence[Span], out: Path, progress: Progress = quiet
) -> float:
    """Write the spans of a film one after another as an mp4 (H.264, and AAC where there is sound).

    The sound of each piece fades into that of the next over 60 ms around the cut, taken from what
    lies beside the pieces in the film, so picture and sound stay together.

    Returns
    -------
    float
        seconds of the new film.

    Raises
    ------
    NoVideoStream, InvalidParameter, EncodeFailed
    """
    if info.video is None:
        raise NoVideoStream(media)
    sound = next((a for a in info.audio if a.index == info.audio_index), None)
    with tempfile.TemporaryDirectory(prefix="media_pipeline_summary_") as scratch:
        exact = [frame_span(media, info.video, start, end) for start, end in spans]
        pieces: list[Path] = []
        for number, span in enumerate(exact):
            piece = Path(scratch) / f"piece_{number:03d}.mp4"
            cut(media, piece, span.start, span.end, info=info, coding=_PIECE, copy=True)
            pieces.append(piece)
            progress(0.6 * (number + 1) / len(spans))
        seconds = sum(span.duration for span in exact)
        inputs = [arg for piece in pieces for arg in ("-i", ffmpeg.source(piece))]
        streams = "".join(f"[{n}:v]" for n in range(len(pieces)))
        heard: list[str] = []
        if sound is not None:
            wav = Path(scratch) / "sound.wav"
            _write_sound(media, sound, [(s.start, s.end) for s in exact], wav)
            inputs += ["-i", ffmpeg.source(wav)]
            heard = ["-map", f"{len(pieces)}:a", *aac_args(sound.channels)]
        ffmpeg.run(
            [
                *inputs,
                *("-filter_complex", f"{streams}concat=n={len(pieces)}:v=1:a=0[v]", "-map", "[v]"),
                *h264_args(20, "veryfast"),
                *heard,
                ffmpeg.source(out),
            ],
            duration=seconds,
            progress=lambda share: progress(0.6 + 0.4 * share),
        )
    return seconds


def _write_sound(media: Path, sound: AudioStream, spans: Sequence[Span], path: Path) -> None:
    """The sound of the spans, each faded into the next around the place where they meet."""
    rate, channels = sound.sample_rate, sound.channels
    half = round(_FADE_S / 2 * rate)
    with open_wav(path, rate, channels) as wav:
        written, total = 0, 0.0
        tail = np.zeros((0, channels), np.float32)
        for number, (start, end) in enumerate(spans):
            total += end - start
            before = half if number else 0
            after = half if number + 1 < len(spans) else 0
            count = round(total * rate) - written
            part = _exactly(media, sound, start - before / rate, before + count + after)
            if number:
                ramp = np.linspace(0, 1, 2 * half, dtype=np.float32)[:, None]
                part[: 2 * half] = part[: 2 * half] * ramp + tail * ramp[::-1]
            keep = len(part) - 2 * after
            wav.write(part[:keep])
            tail = part[keep:]
            written = round(total * rate)


def _exactly(media: Path, sound: AudioStream, start: float, count: int) -> NDArray[np.float32]:
    """So many samples from a time on, (count, channels); silence where the film has none."""
    rate = sound.sample_rate
    lead = max(0, round(-start * rate))
    found = np.zeros((count, sound.channels), np.float32)
    samples = read_audio(
        media,
        rate=rate,
        mono=False,
        start=max(0.0, start),
        end=max(0.0, start) + (count - lead) / rate,
        stream=sound.index,
    )[: count - lead]
    found[lead : lead + len(samples)] = samples
    return found
