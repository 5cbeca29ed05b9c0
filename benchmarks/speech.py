"""Speech without a recogniser: how exact word times are, what they cost, and how much memory.

    python benchmarks/speech.py [--minutes 6] [--hour]

The sound is made here: sentences said word by word by four voices of flite and put together at
known times, so the truth is exact to the sample. Everything is measured in one run; RTF is CPU
seconds per second of sound. With ``--hour`` the chain also works through an hour in a process of
its own, whose peak resident memory is held against that of the same process on ten seconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from media_pipeline.asr.align import align
from media_pipeline.asr.base import Span
from media_pipeline.asr.script import align_script
from media_pipeline.asr.sound import RATE, map_wav, seconds
from media_pipeline.asr.vad import chunks, speech_spans
from media_pipeline.media.wav import write_wav
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.rules import rules_for, segment
from media_pipeline_tests.generators.exact import VOICES, Told, sentences, tell

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def tell_all(minutes: float) -> Told:
    """All voices, one after the other, each with the story in an order of its own."""
    parts: list[Told] = []
    at = 0.0
    while at < minutes * 60:
        lines = sentences()
        random.Random(len(parts)).shuffle(lines)
        part = tell(lines, voice=VOICES[len(parts) % len(VOICES)], seed=len(parts))
        parts.append(_moved(part, at))
        at += part.duration
    return Told(
        np.concatenate([p.samples for p in parts]),
        [c for p in parts for c in p.sentences],
        [w for p in parts for w in p.words],
    )


def _moved(part: Told, by: float) -> Told:
    def later(one: Any) -> Any:
        return replace(one, start=one.start + by, end=one.end + by)

    words = [[later(word) for word in own] for own in part.words]
    return Told(part.samples, [later(cue) for cue in part.sentences], words)


def errors(found: Sequence[Sequence[Word]], told: Told) -> str:
    pairs = [
        (word, truth)
        for own, known in zip(found, told.words, strict=True)
        for word, truth in zip(own, known, strict=True)
    ]
    columns = []
    for side in ("start", "end"):
        off = np.array([abs(getattr(a, side) - getattr(b, side)) for a, b in pairs])
        columns.append(f"{np.median(off):7.3f} {np.percentile(off, 95):7.3f} {off.max():7.3f}")
    guessed = sum(word.source == "interpolated" for word, _ in pairs)
    return "  ".join(columns) + f" {guessed:8d}"


def changed(lines: Sequence[str], share: float) -> list[str]:
    chance = random.Random(0)
    return [
        " ".join("banana" if chance.random() < share else word for word in line.split())
        for line in lines
    ]


def uncovered(spans: Sequence[Span], windows: Sequence[Span]) -> float:
    """Seconds of speech that lie in no chunk."""
    step = 0.001
    count = round(max(end for _, end in spans) / step) + 1
    speech, held = np.zeros(count, bool), np.zeros(count, bool)
    for mask, ranges in ((speech, spans), (held, windows)):
        for start, end in ranges:
            mask[round(start / step) : round(end / step)] = True
    return float((speech & ~held).sum() * step)


def report(minutes: float) -> None:
    told = tell_all(minutes)
    samples, duration = told.samples, told.duration
    lines = [cue.text for cue in told.sentences]
    count = sum(map(len, told.words))
    print(f"{duration:.0f} s of speech, {count} words, {len(VOICES)} voices\n")
    speech_spans(samples[:RATE])  # the network is loaded once
    align(samples, told.sentences[:1], language="en")
    spans, spent = timed(lambda: speech_spans(samples))
    windows, cutting = timed(lambda: chunks(samples, spans))
    truth = [(w.start, w.end) for own in told.words for w in own]
    print(f"voice activity and chunks   RTF {(spent + cutting) / duration:.4f}")
    print(f"speech that is in no chunk  {uncovered(spans, windows):.3f} s")
    unheard = uncovered(truth, windows)
    print(f"words' time in no chunk     {unheard:.3f} of {sum(b - a for a, b in truth):.0f} s\n")
    print(f"{'':28}{'start: median, p95, max':>23}  {'end: median, p95, max':>23}  guessed   RTF")
    rough = [replace(c, start=max(0.0, c.start - 0.3), end=c.end + 0.3) for c in told.sentences]
    found, spent = timed(lambda: align(samples, rough, language="en", speech=spans))
    print(f"{'captions, 0.3 s beside':28}{errors(found, told)}  {spent / duration:.3f}")
    for title, script in (
        ("a script", lines),
        ("one word in ten changed", changed(lines, 0.1)),
    ):
        result, spent = timed(
            partial(align_script, samples, "\n".join(script), language="en", speech=spans)
        )
        words = [own for _, own in result.lines]
        print(f"{title:28}{errors(words, told)}  {spent / duration:.3f}")


def peak_mib() -> float:
    # Not ru_maxrss, which a child inherits from the process that started it.
    rows = Path("/proc/self/status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("VmHWM")).split()[1]) / 1024


def chain(
    path: Path, lines: Sequence[str], result: multiprocessing.Queue[tuple[float, float]]
) -> None:
    """Everything between the sound and subtitles, as the stages do it."""
    started = time.process_time()
    samples = map_wav(path)
    found = align_script(samples, "\n".join(lines), language="en")
    words = [word for _, own in found.lines for word in own]
    cues: list[Cue] = segment(words, rules_for("en"))
    assert cues
    result.put((peak_mib(), time.process_time() - started))


def memory(folder: Path) -> None:
    told = tell(sentences())
    times = int(3600 / told.duration) + 1
    context = multiprocessing.get_context("spawn")
    for title, samples, lines in (
        ("ten seconds", told.samples[: 10 * RATE], sentences()[:2]),
        ("an hour", np.tile(told.samples, times), sentences() * times),
    ):
        path = folder / "sound.wav"
        write_wav(path, samples, RATE)
        result = context.Queue()
        process = context.Process(target=chain, args=(path, lines, result))
        process.start()
        peak, spent = result.get()
        process.join()
        length = seconds(np.asarray(samples))
        print(
            f"{title:12} {length:7.0f} s  peak {peak:6.0f} MiB  RTF {spent / length:.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--hour", action="store_true")
    arguments = parser.parse_args()
    report(arguments.minutes)
    if arguments.hour:
        print()
        with tempfile.TemporaryDirectory() as folder:
            memory(Path(folder))


if __name__ == "__main__":
    main()
