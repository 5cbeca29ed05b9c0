"""How well choruses are found, beside pychorus and the loudest fifteen seconds.

Part of ``audio_functions.py``. The songs are generated; their seeds are not those that
``fit_chorus.py`` fits to.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from media_pipeline.stages.beats import track_beats
from media_pipeline.stages.chorus import find_choruses
from media_pipeline.stages.chorus.listen import listen
from media_pipeline_tests.generators.songs import FORMS, Song, make_whole_song, whole_songs
from media_pipeline_tests.spans import Span, shared_time, starts_found

FIRST_SEED = 180_000
PIECE_S = 15
"""What pychorus looks for, and what is held against it."""
SHORTER_S = 10
"""What it is asked for where it finds nothing: it says itself to try a smaller search duration."""
Spans = list[Span]


def chorus(songs: int) -> None:
    """All choruses of whole songs; pieces in which nothing comes again should have none."""
    methods: dict[str, Callable[[Song], Spans]] = {
        "ours": _our_choruses,
        "loudest": _loudest,
        "best place": _best_place,
    }
    try:
        from pychorus.helpers import find_chorus  # noqa: F401

        methods["pychorus"] = _pychorus
    except ImportError as error:
        print(f"without pychorus ({error})")
    rows: dict[str, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    spent = lasted = 0.0
    for style, seed, form in whole_songs(FIRST_SEED, songs):
        song = make_whole_song(style, seed, form)
        truth = song.spans("chorus")
        for name, find in methods.items():
            began = time.process_time()
            found = find(song)
            if name == "ours":
                spent += time.process_time() - began
                lasted += len(song.samples) / song.rate
            rows[name][form].append([shared_time(truth, found), starts_found(truth, found)])
    print(f"{'':16s}" + "".join(f"{name:>20s}" for name in methods))
    print(f"{'':16s}" + f"{'F':>12s}{'start':>8s}" * len(methods))
    kinds = {form: [form] for form in FORMS} | {"with choruses": list(FORMS[:-1])}
    for name, forms in kinds.items():
        scores = [[r for form in forms for r in rows[method][form]] for method in methods]
        cells = [np.mean(s, axis=0) for s in scores if s]
        print(f"{name:16s}" + "".join(f"{f:12.3f}{start:8.3f}" for f, start in cells))
    print(f"CPU seconds per second of sound, ours with its beats: {spent / lasted:.4f}")


def _our_choruses(song: Song) -> Spans:
    blocks = np.array_split(song.samples, 4)
    found = find_choruses(track_beats(blocks), listen(blocks))
    return [(one.start, one.end) for one in found.choruses]


def _loudest(song: Song) -> Spans:
    power = np.add.reduceat(np.square(song.samples), np.arange(0, len(song.samples), song.rate))
    start = int(np.convolve(power, np.ones(PIECE_S), "valid").argmax())
    return [(float(start), float(start + PIECE_S))]


def _best_place(song: Song) -> Spans:
    """The piece that no method that gives one piece of that length can better."""
    truth = song.spans("chorus")
    places = [(start, start + PIECE_S) for start, _ in truth]
    return [max(places, key=lambda place: shared_time(truth, [place]))] if places else []


def _pychorus(song: Song) -> Spans:
    """The one piece that pychorus finds, with the chroma that it makes of a file."""
    import librosa
    from pychorus.helpers import N_FFT, find_chorus

    power = np.abs(librosa.stft(song.samples, n_fft=N_FFT)) ** 2
    chroma = librosa.feature.chroma_stft(S=power, sr=song.rate)
    for seconds in (PIECE_S, SHORTER_S):
        with contextlib.redirect_stdout(io.StringIO()):
            start = find_chorus(chroma, song.rate, len(song.samples) / song.rate, seconds)
        if start is not None:
            return [(float(start), float(start + seconds))]
    return []
