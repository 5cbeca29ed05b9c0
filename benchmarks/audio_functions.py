"""How well the functions on sound do, beside the peers that are installed.

    python benchmarks/audio_functions.py [--only beats chorus quality denoise mixing] [--seeds 1]
        [--songs 60] [--voices 2] [--recordings FOLDER] [--classes clean 0 5 10 15 20]

Songs and speech are generated; the songs' seeds are not those that ``fit_beats.py`` fits to. Beats
are scored by mir_eval (F at 70 ms; "octave" takes half, double and shifted by half as right); the
songs are as hard as they should be where librosa's default reaches about 0.77, its F over other
rendered songs. Choruses are scored by F of the time in them, and by the share of their starts that
one found is within 3 s of. Denoising is scored by SI-SDR, PESQ (wide band) and STOI ("the two" are
RNNoise and log-MMSE), quality by its rank correlation with PESQ, mixing by loudness, true peak and
how much the level of the music changes by itself. Peers come with
``pip install -e '.[test,benchmark]'``; one that is missing is named and left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mir_eval
import numpy as np
from choruses import chorus
from numpy.typing import NDArray
from scipy.stats import spearmanr

from media_pipeline.media import ffmpeg
from media_pipeline.media.audio import read_audio, write_wav
from media_pipeline.stages.audio_quality import assess
from media_pipeline.stages.beats import track_beats
from media_pipeline.stages.denoise import denoise, listen, plan_for
from media_pipeline.stages.denoise.logmmse import log_mmse
from media_pipeline.stages.denoise.rnnoise import rnnoise
from media_pipeline.stages.mixing.mix import beside, loudness, mixed, to_target
from media_pipeline_tests.generators import damage
from media_pipeline_tests.generators.songs import ANY, STYLES, make_song

FIRST_SEED = 30_000
SPEECH_RATE = 16000
RECORDINGS = Path(__file__).parents[2] / "shared" / "media" / "speech"
RECORDED_S = 10.0
CLASSES = ("clean", "0", "5", "10", "15", "20")
MIX_RATE = 48000
TONE_HZ = 9000.0
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
    plan = plan_for(listen([columns], rate))
    return np.concatenate(list(denoise([columns], rate, plan)))[:, 0].astype(np.float64)


def _clean(voices: Sequence[str], recordings: Path) -> dict[str, damage.Sound]:
    """Speech without noise by name: synthetic voices, and recordings that say so."""
    found = {voice: damage.spoken(voice, number + 1) for number, voice in enumerate(voices)}
    for path in sorted(recordings.glob("*clean*.wav")):
        sound = read_audio(path, rate=SPEECH_RATE, end=RECORDED_S)
        found[path.stem] = np.asarray(sound / sound.std() * 0.05, np.float32)
    if len(found) == len(voices):
        print(f"without recordings: {recordings} has no *clean*.wav")
    return found


def denoising(voices: Sequence[str], recordings: Path, classes: Sequence[str]) -> None:
    peers = _peers()
    speech = _clean(voices, recordings)
    print(f"{', '.join(speech)} in {', '.join(damage.NOISES)}")
    spent, lasted = 0.0, 0.0
    for snr in [None if name == "clean" else int(name) for name in classes]:
        scores: dict[str, list[list[float]]] = defaultdict(list)
        for number, clean in enumerate(speech.values()):
            for noise in damage.NOISES if snr is not None else ("",):
                noisy = clean if snr is None else damage.mixed(clean, noise, snr, seed=number + 7)
                for name, clear in peers.items():
                    began = time.process_time()
                    found = clear(noisy.astype(np.float64), SPEECH_RATE)
                    if name == "ours":
                        spent += time.process_time() - began
                        lasted += len(clean) / SPEECH_RATE
                    scores[name].append(_speech_scores(clean.astype(np.float64), found))
        print("clean" if snr is None else f"{snr} dB", " (SI-SDR, PESQ, STOI)")
        means = {name: np.mean(rows, axis=0) for name, rows in scores.items()}
        for name, row in means.items():
            _row(f"  {name}", row)
        better = np.maximum(means["RNNoise"], means["log-MMSE"])
        lead = means["ours"][:2] / better[:2] - 1
        clearer = means["ours"][2] - means["noisy"][2]
        print(
            f"  ours over the better of the two: SI-SDR {lead[0]:+.1%}, PESQ {lead[1]:+.1%};",
            end="",
        )
        print(f" STOI over noisy {clearer:+.4f}")
    print(f"CPU seconds per second of sound, ours: {spent / lasted:.4f}")


def _speech_scores(truth: Floats, found: Floats) -> list[float]:
    from pesq import pesq
    from pystoi import stoi

    opinion = pesq(SPEECH_RATE, truth, found, "wb")
    return [_si_sdr(truth, found), opinion, float(stoi(truth, found, SPEECH_RATE))]


def _si_sdr(truth: Floats, found: Floats) -> float:
    part = truth * (truth @ found) / (truth @ truth)
    return float(10 * np.log10(np.square(part).sum() / (np.square(found - part).sum() + 1e-12)))


# --- mixing ---


def mixing(voices: Sequence[str]) -> None:
    """Loudness and peak of mixtures, and by how much the music's own level wanders in them.

    The music is a tone that nothing else sounds at, so its level is known in every half second;
    the speech has three seconds of silence before, between and after. ``amix`` is given the speech
    until its last word, as people give it a voice over longer music.
    """
    target, peak = -16.0, -1.5
    print(f"{'':28s}{'LUFS':>8s}{'dBTP':>8s}{'wander dB':>10s}  (target {target:g}, {peak:g})")
    for voice in voices:
        pause = np.zeros(3 * SPEECH_RATE, np.float32)
        talk = damage.spoken(voice, 1)
        parts = [pause, talk, pause, talk, pause]
        sound = damage.resampled(np.concatenate(parts), SPEECH_RATE, MIX_RATE)
        speaks = np.concatenate([np.full(len(p), p is talk) for p in parts])
        t = np.arange(len(sound)) / MIX_RATE
        music = (0.2 * np.sin(2 * np.pi * TONE_HZ * t)).astype(np.float32)
        spans = _spans(speaks, SPEECH_RATE)
        for duck in (0.0, 9.0):
            found = _our_mix(sound, music, spans, duck, target, peak)
            _mix_row(f"{voice}, ours, duck {duck:g} dB", found, spans if duck else [])
        said = sound[: int(spans[-1][1] * MIX_RATE)]
        _mix_row(f"{voice}, amix", _amix(said, music), [])


def _spans(speaks: NDArray[np.bool_], rate: int) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaks, [False]]).astype(int)))
    return [(a / rate, b / rate) for a, b in edges.reshape(-1, 2)]


def _our_mix(
    sound: damage.Sound,
    music: damage.Sound,
    spans: Sequence[tuple[float, float]],
    duck: float,
    target: float,
    peak: float,
) -> damage.Sound:
    main, second = ([x[:, np.newaxis]] for x in (sound, music))
    levels = [loudness(iter(x), MIX_RATE)[0] for x in (main, second)]

    def both() -> Iterator[damage.Sound]:
        gain = levels[0] - 12.0 - levels[1]
        return beside(
            lambda: iter(main), lambda: iter(second), MIX_RATE,
            second_gain_db=gain, speech=spans, duck_db=duck,
        )  # fmt: skip

    found = to_target(both, MIX_RATE, target, peak)
    return np.concatenate(list(mixed(both(), MIX_RATE, found.gain_db, peak)))[:, 0]


def _amix(sound: damage.Sound, music: damage.Sound) -> damage.Sound:
    """What ``ffmpeg -filter_complex amix`` makes of both."""
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, name) for name in ("sound.wav", "music.wav", "mixed.wav")]
        for place, samples in zip(places, (sound, music), strict=False):
            write_wav(place, samples, MIX_RATE)
        ffmpeg.run(
            ["-i", ffmpeg.source(places[0]), "-i", ffmpeg.source(places[1]),
             "-filter_complex", "amix", str(places[2])]
        )  # fmt: skip
        return read_audio(places[2], rate=MIX_RATE)


def _mix_row(name: str, found: damage.Sound, ducked: Sequence[tuple[float, float]]) -> None:
    lufs, peak = loudness(iter([found[:, np.newaxis]]), MIX_RATE)
    levels = []
    half = MIX_RATE // 2
    t = np.arange(half) / MIX_RATE
    for at in range(0, len(found) - half, half):
        first, last = at / MIX_RATE, (at + half) / MIX_RATE
        if all(last < a - 0.3 or first > b + 0.7 for a, b in ducked):
            tone = np.mean(found[at : at + half] * np.exp(-2j * np.pi * TONE_HZ * t))
            levels.append(20 * np.log10(2 * np.abs(tone) + 1e-9))
    print(f"{name:28s}{lufs:8.2f}{peak:8.2f}{np.ptp(levels):10.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("beats", "chorus", "quality", "denoise", "mixing")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--voices", type=int, default=2)
    parser.add_argument("--recordings", type=Path, default=RECORDINGS)
    parser.add_argument("--classes", nargs="+", choices=CLASSES, default=CLASSES)
    args = parser.parse_args()
    voices = damage.VOICES[: args.voices]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "beats" in args.only:
            beats(args.seeds)
        if "chorus" in args.only:
            chorus(args.songs)
        if "quality" in args.only:
            quality(voices)
        if "denoise" in args.only:
            denoising(voices, args.recordings, args.classes)
        if "mixing" in args.only:
            mixing(voices)


if __name__ == "__main__":
    main()
