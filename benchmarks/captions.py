"""How well and how cheaply captions are read, beside the naive way and a pure decode.

    python benchmarks/captions.py [KIND ...] [--seconds 30] [--seed 1] [--films FOLDER]

Films of every kind in :mod:`media_pipeline_tests.generators.caption_kinds` are made, and real
films are added where ``FOLDER`` holds some with their truth (``NAME.srt``) beside them. On each
film three things are measured one after the other, so that their ratios hold on a noisy machine:

1. ``extract_captions`` on the main track of the bottom quarter;
2. the naive way: the same engine and detector settings on every frame of 5 per second, all that is
   read there joined, and neighbours merged when their texts are alike;
3. a pure decode of the same region at the full frame rate.

``OCR`` is CPU time without that of decoding, ours over the naive way's; the goal for it counts
films that carry text for 40 % of their time or more. The ceiling is what the recogniser makes of
the same rows drawn on plain grey.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.ocr.base import Picture, TextBox, TextEngine
from media_pipeline.ocr.rapidocr import RapidOcr
from media_pipeline.stages.captions import Params, extract_captions
from media_pipeline.stages.captions.reading import tidy
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import read_cues
from media_pipeline_tests.generators.caption_kinds import KINDS, film_of
from media_pipeline_tests.generators.captions import CaptionClip, Film, clean_rows, make_clip
from media_pipeline_tests.scoring import Score, plain, score_cues

_FILMS = Path(__file__).parents[2] / "shared" / "media" / "captions"
_PARAMS = Params(roi=[[0.75, 1.0], [0.0, 1.0]])
_REGION = Box.from_roi([[0.75, 1.0], [0.0, 1.0]])
_NAIVE_RATE = 5
_ALIKE = 80.0  # per cent: neighbours that the naive way merges
_MUCH_TEXT = 0.4


@dataclass(frozen=True)
class Way:
    """What one way of reading made of a film, and the CPU seconds it took."""

    score: Score
    duplicates: int
    cpu: float


@dataclass(frozen=True)
class Result:
    """All that was measured on one film."""

    name: str
    cues: list[Cue]
    seconds: float
    ours: Way
    naive: Way
    decode: float

    @property
    def covered(self) -> float:
        """Share of the film's time with a caption."""
        return sum(c.end - c.start for c in self.cues) / self.seconds


# --- the ways -------------------------------------------------------------------------------------


def naive_cues(path: Path, engine: TextEngine) -> list[Cue]:
    """OCR on every sampled frame; neighbours merged by similarity, the surest reading kept."""
    cues: list[Cue] = []
    due = 0.0
    for frame in decode(path, region=_REGION):
        if frame.time < due:
            continue
        due += 1 / _NAIVE_RATE
        text, confidence = _read(engine, frame.bgr())
        end = frame.time + 1 / _NAIVE_RATE
        if not text:
            continue
        last = cues[-1] if cues else None
        if (
            last is not None
            and frame.time - last.end < 0.5 / _NAIVE_RATE
            and fuzz.ratio(last.text, text) >= _ALIKE
        ):
            better = text if confidence > last.confidence else last.text
            cues[-1] = Cue(last.start, end, better, max(confidence, last.confidence))
        else:
            cues.append(Cue(frame.time, end, text, confidence))
    return cues


def _read(engine: TextEngine, picture: Picture) -> tuple[str, float]:
    """All text of a picture, one line per row, and the mean confidence."""
    rows: list[tuple[TextBox, str, float]] = []
    for box in engine.detect(picture):
        pad = box.height / 2
        left, right = max(0, int(box.left - pad)), round(box.right + pad)
        (reading,) = engine.recognise([picture[int(box.top) : round(box.bottom), left:right]])
        text = tidy(reading.text, _PARAMS.lang)
        if text:
            rows.append((box, text, reading.confidence))
    lines: list[str] = []
    lowest = float("-inf")
    for box, text, _ in rows:
        if lines and box.top < lowest - box.height / 2:
            lines[-1] += f" {text}"
        else:
            lines.append(text)
        lowest = box.bottom
    return "\n".join(lines), float(np.mean([c for *_, c in rows])) if rows else 0.0


def our_cues(path: Path, engine: TextEngine) -> list[Cue]:
    """The product's way."""
    return extract_captions(path, _PARAMS, engine=engine).cues


def only_decode(path: Path) -> None:
    """Decode the region, and do nothing with it."""
    for _ in decode(path, region=_REGION):
        pass


# --- measuring ------------------------------------------------------------------------------------


def measure(clip: CaptionClip, engine: TextEngine) -> Result:
    """All ways on one film."""

    def way(read: Callable[[Path, TextEngine], list[Cue]]) -> Way:
        before = _cpu()
        found = read(clip.path, engine)
        cost = _cpu() - before
        score = score_cues(clip.cues, found)
        return Way(score, sum(_repeats(c, clip.cues) for c in score.spurious), cost)

    ours, naive = way(our_cues), way(naive_cues)
    before = _cpu()
    only_decode(clip.path)
    return Result(clip.path.stem, clip.cues, clip.seconds, ours, naive, _cpu() - before)


def _cpu() -> float:
    times = os.times()
    return times.user + times.system


def _repeats(found: Cue, truth: Iterable[Cue]) -> bool:
    """Whether a surplus cue says what a true one says at the same time: a piece or a duplicate."""
    return any(
        found.start < true.end
        and true.start < found.end
        and Levenshtein.normalized_similarity(plain(found.text), plain(true.text)) >= 0.5
        for true in truth
    )


def ceiling(films: Iterable[Film], engine: TextEngine) -> tuple[int, int, float]:
    """Rows read without an error, rows, and the character error rate, on plain grey."""
    right = rows = edits = letters = 0
    for film in films:
        for text, picture in clean_rows(film):
            (reading,) = engine.recognise([picture])
            distance = Levenshtein.distance(plain(text), plain(tidy(reading.text, _PARAMS.lang)))
            rows, right = rows + 1, right + (distance == 0)
            edits, letters = edits + distance, letters + len(plain(text))
    return right, rows, edits / max(1, letters)


# --- the table ------------------------------------------------------------------------------------

_HEADS = (
    f"{'':24}{'cues':>5}{'F1':>7}{'exact':>8}{'CER':>7}{'start':>12}{'end':>12}"
    f"{'extra':>7}{'CPU/s':>7}{'/decode':>8} |{'F1':>6}{'exact':>8}{'CER':>7}{'extra':>7}"
    f"{'CPU/s':>7}{'OCR':>6}"
)


def line(name: str, results: Sequence[Result]) -> str:
    """One film, or the sum of several."""
    seconds = sum(r.seconds for r in results)
    decoded = sum(r.decode for r in results)
    ours, naive = together([r.ours for r in results]), together([r.naive for r in results])
    cues = sum(len(r.cues) for r in results)
    share = (ours.cpu - decoded) / max(1e-9, naive.cpu - decoded)
    boundaries = "".join(
        f"{ours.score.boundary(50, side):6.2f}/{ours.score.boundary(95, side):<5.2f}"
        for side in ("start", "end")
    )
    return (
        f"{name:24}{cues:5d}{_quality(ours)}{boundaries}{_surplus(ours):>7}"
        f"{ours.cpu / seconds:7.3f}{ours.cpu / decoded:8.2f} |{_quality(naive)[1:]}"
        f"{_surplus(naive):>7}{naive.cpu / seconds:7.3f}{share:6.2f}"
    )


def _quality(way: Way) -> str:
    score = way.score
    total = score.matched + len(score.missed)
    cer = f"{score.cer:7.3f}" if total else f"{'-':>7}"
    return f"{score.f1:7.3f}{f'{score.exact}/{total}':>8}{cer}"


def _surplus(way: Way) -> str:
    """Surplus cues: of other text, and pieces or duplicates of true ones."""
    return f"{len(way.score.spurious) - way.duplicates}+{way.duplicates}"


def together(ways: Sequence[Way]) -> Way:
    """The sum over several films."""
    scores = [way.score for way in ways]
    total = Score(
        matched=sum(s.matched for s in scores),
        missed=tuple(c for s in scores for c in s.missed),
        spurious=tuple(c for s in scores for c in s.spurious),
        wrong=tuple(pair for s in scores for pair in s.wrong),
        edits=sum(s.edits for s in scores),
        characters=sum(s.characters for s in scores),
        start_errors=tuple(e for s in scores for e in s.start_errors),
        end_errors=tuple(e for s in scores for e in s.end_errors),
    )
    return Way(total, sum(w.duplicates for w in ways), sum(w.cpu for w in ways))


def wrong_cues(result: Result) -> Iterator[str]:
    """What was not read as it is, one line each."""
    score = result.ours.score
    for kind, cues in (("missed", score.missed), ("surplus", score.spurious)):
        for cue in cues:
            yield f"    {kind:8}{cue.start:8.2f}-{cue.end:.2f}  {cue.text!r}"
    for true, found in score.wrong:
        yield f"    {'wrong':8}{true.start:8.2f}-{true.end:.2f}  {true.text!r} -> {found.text!r}"


def real_films(folder: Path) -> Iterator[CaptionClip]:
    """The films of a folder that have their truth beside them."""
    for path in sorted(folder.glob("*.mp4")):
        if path.with_suffix(".srt").exists():
            seconds = max(frame.time for frame in decode(path))
            yield CaptionClip(path, read_cues(path.with_suffix(".srt")), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each made film")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--films", type=Path, default=_FILMS, help="real films with NAME.srt")
    parser.add_argument("--keep", type=Path, help="leave the made films in this folder")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.kinds) - set(KINDS))
    if unknown:
        parser.error(f"no such kind: {', '.join(unknown)}")
    cv2.setNumThreads(1)
    engine = RapidOcr()
    engine.recognise([np.full((32, 128, 3), 127, np.uint8)])  # the first call is slower
    print(f"{'':85}{'| the naive way':>17}\n{_HEADS}", flush=True)
    made: list[Result] = []
    films: list[Film] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in arguments.kinds or KINDS:
            film = film_of(kind, arguments.seed, arguments.seconds)
            films.append(film)
            made.append(measure(make_clip(folder / f"{kind}.mp4", film), engine))
            _show(made[-1])
    print(line("all made films", made))
    real: list[Result] = []
    for clip in real_films(arguments.films):
        real.append(measure(clip, engine))
        _show(real[-1])
    if real:
        print(line("all real films", real))
    everything = [*made, *real]
    print(line("all", everything))
    much = [r for r in everything if r.covered >= _MUCH_TEXT]
    if much:
        print(line(f"with text >= {_MUCH_TEXT:.0%}", much))
    right, rows, cer = ceiling(films, engine)
    print(f"the recogniser's ceiling on plain grey: {right} of {rows} rows exact, CER {cer:.4f}")


def _show(result: Result) -> None:
    print(line(result.name, [result]), flush=True)
    for wrong in wrong_cues(result):
        print(wrong, file=sys.stderr)


if __name__ == "__main__":
    main()
