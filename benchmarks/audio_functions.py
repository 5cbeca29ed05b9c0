"""How well the functions on sound do, beside the peers that are installed.

    python benchmarks/audio_functions.py [--only beats quality denoise] [--seeds 1] [--voices 2]

Songs and speech are generated; the songs' seeds are not those that ``fit_beats.py`` fits to. Beats
are scored by mir_eval (F at 70 ms; "octave" takes half, double and shifted by half as right); the
songs are as hard as they should be where librosa's default reaches about 0.77, its F over other
rendered songs;
denoising by SI-SDR, PESQ (wide band) and STOI, quality by its rank correlation with PESQ. Peers
come with ``pip install -e '.[test,benchmark]'``; one that is missing is named and left out.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence

import mir_eval
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from media_pipeline.stages.audio_quality import assess
from media_pipeline.stages.beats import track_beats
from media_pipeline.stages.denoise import blind_snr, denoise, plan_for
from media_pipeline.stages.denoise.logmmse import log_mmse
from media_pipeline.stages.denoise.rnnoise import rnnoise
from media_pipeline_tests.generators import damage
from media_pipeline_tests.generators.songs import ANY, STYLES, make_song

FIRST_SEED = 20_000
SPEECH_RATE = 16000
Floats = NDArray[np.float64]
Peer = Callable[[Floats, int], Floats]


# --- beats ---


def beats(seeds: int) -> None:
    librosa = _librosa_beats()
    rows: dict[str, list[list[float]]] = defaultdict(list)
    spent = lasted = 0.0
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for number, style in enumerate([*STYLES, *[ANY] * 6]):
            song = make_song(style, seed * 50 + number)
            began = time.process_time()
            found = track_beats(np.array_split(song.samples, 4))
            spent += time.process_time() - began
            lasted += len(song.samples) / song.rate
            peer = librosa(song.samples.astype(np.float64), song.rate) if librosa else np.zeros(0)
            rows[style].append(
                [
                    _f(song.beats, found.beats),
                    max(_f(song.beats, b) for b in _octaves(found.beats)),
                    _f(song.downbeats, found.downbeats),
                    float(found.meter == song.meter),
                    _f(song.beats, peer),
                ]
            )
    print(f"{'':16s}{'F':>7s}{'octave':>8s}{'downbeat':>9s}{'meter':>7s}{'librosa F':>10s}")
    for style, scores in rows.items():
        _row(style, np.mean(scores, axis=0))
    _row("all songs", np.mean([s for scores in rows.values() for s in scores], axis=0))
    print(f"CPU seconds per second of sound: {spent / lasted:.4f}")


def _octaves(found: Floats) -> list[Floats]:
    between = (found[:-1] + found[1:]) / 2
    return [found, found[::2], found[1::2], np.sort(np.concatenate([found, between])), between]


def _f(truth: Floats, found: Floats) -> float:
    return float(mir_eval.beat.f_measure(truth, found)) if len(found) else 0.0


def _row(name: str, values: Sequence[float] | Floats) -> None:
    print(f"{name:16s}" + "".join(f"{v:8.3f}" for v in values))


def _librosa_beats() -> Peer | None:
    try:
        import librosa
    except ImportError as error:
        print(f"without librosa ({error})")
        return None
    return lambda sound, rate: np.asarray(
        librosa.beat.beat_track(y=sound, sr=rate, units="time")[1]
    )


# --- speech ---


def _ladders() -> dict[str, list[Callable[[damage.Sound], damage.Sound]]]:
    def each(
        make: Callable[..., damage.Sound], *steps: object
    ) -> list[Callable[..., damage.Sound]]:
        return [lambda clean, step=step: make(clean, step) for step in steps]

    noises = {
        name: each(lambda c, v, name=name: damage.mixed(c, name, v), 30, 20, 10, 0)
        for name in ("hum", "babble", "pink")
    }
    return noises | {
        "clipping": each(damage.clipped, 0.002, 0.01, 0.05, 0.2),
        "low-pass": each(damage.lowpassed, 5000, 3400, 2000, 1000),
        "reverb": each(damage.in_room, 0.15, 0.4, 0.8, 1.2),
        "dropouts": each(damage.with_dropouts, 2, 6, 15, 40),
    }


def quality(voices: Sequence[str]) -> None:
    from pesq import pesq

    index, opinion = [], []
    for number, voice in enumerate(voices):
        clean = damage.spoken(voice, number + 1)
        for name, steps in _ladders().items():
            ladder = []
            for step in [lambda c: c, *steps]:
                sound = step(clean)
                (channel,) = assess([sound], SPEECH_RATE, [(0.0, 100.0)])
                ladder.append(channel.indexes.mos if channel.indexes else 0.0)
                index.append(ladder[-1])
                opinion.append(pesq(SPEECH_RATE, clean, sound, "wb"))
            falls = "falls at every step" if (np.diff(ladder) < 0).all() else "IS NOT MONOTONE"
            print(f"{voice:8s}{name:10s}" + "".join(f"{v:6.2f}" for v in ladder) + f"  {falls}")
    print(f"Spearman of the index with PESQ over all: {spearmanr(index, opinion)[0]:.3f}")


def _peers() -> dict[str, Peer]:
    peers: dict[str, Peer] = {"noisy": lambda x, _: x, "RNNoise": rnnoise, "log-MMSE": log_mmse}
    try:
        import noisereduce

        peers["noisereduce"] = lambda x, rate: noisereduce.reduce_noise(y=x, sr=rate)
    except ImportError as error:
        print(f"without noisereduce ({error})")
    try:
        from webrtc_noise_gain import AudioProcessor

        peers["webrtc"] = lambda x, _: _webrtc(AudioProcessor(0, 3), x)
    except ImportError as error:
        print(f"without webrtc-noise-gain ({error})")
    peers["ours"] = _ours
    return peers


def _webrtc(processor: object, sound: Floats) -> Floats:
    pcm = (np.clip(np.pad(sound, (0, -len(sound) % 160)), -1, 1) * 32767).astype(np.int16)
    parts = [
        np.frombuffer(processor.Process10ms(part.tobytes()).audio, np.int16)  # type: ignore[attr-defined]
        for part in pcm.reshape(-1, 160)
    ]
    return np.concatenate(parts)[: len(sound)] / 32768


def _ours(sound: Floats, rate: int) -> Floats:
    columns = sound[:, np.newaxis].astype(np.float32)
    plan = plan_for(blind_snr([columns], rate))
    return np.concatenate(list(denoise([columns], rate, plan)))[:, 0].astype(np.float64)


def denoising(voices: Sequence[str]) -> None:
    from pesq import pesq
    from pystoi import stoi

    peers = _peers()
    spent, lasted = 0.0, 0.0
    for snr in (None, 0, 7, 14, 20):
        scores: dict[str, list[list[float]]] = defaultdict(list)
        for number, voice in enumerate(voices):
            clean = damage.spoken(voice, number + 1)
            for noise in ("white", "babble", "street", "typing") if snr is not None else ("",):
                noisy = clean if snr is None else damage.mixed(clean, noise, snr, seed=number + 7)
                for name, clear in peers.items():
                    began = time.process_time()
                    found = clear(noisy.astype(np.float64), SPEECH_RATE)
                    if name == "ours":
                        spent += time.process_time() - began
                        lasted += len(clean) / SPEECH_RATE
                    truth = clean.astype(np.float64)
                    opinion = pesq(SPEECH_RATE, truth, found, "wb")
                    understood = float(stoi(truth, found, SPEECH_RATE))
                    scores[name].append([_si_sdr(truth, found), opinion, understood])
        print("clean" if snr is None else f"{snr} dB", " (SI-SDR, PESQ, STOI)")
        for name, rows in scores.items():
            _row(f"  {name}", np.mean(rows, axis=0))
    print(f"CPU seconds per second of sound, ours: {spent / lasted:.4f}")


def _si_sdr(truth: Floats, found: Floats) -> float:
    part = truth * (truth @ found) / (truth @ truth)
    return float(10 * np.log10(np.square(part).sum() / (np.square(found - part).sum() + 1e-12)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("beats", "quality", "denoise")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--voices", type=int, default=2)
    args = parser.parse_args()
    voices = damage.VOICES[: args.voices]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "beats" in args.only:
            beats(args.seeds)
        if "quality" in args.only:
            quality(voices)
        if "denoise" in args.only:
            denoising(voices)


if __name__ == "__main__":
    main()
