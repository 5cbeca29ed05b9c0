"""AudioMixing: levels, ducking, lengths, the loudness target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media_pipeline.errors import MediaNotFound, NoAudioStream, NothingToDo, NotMedia
from media_pipeline.media.audio import measure_loudness, read_audio, write_wav
from media_pipeline.media.probe import probe
from media_pipeline.stages.mixing import MIXED
from media_pipeline.stages.mixing.mix import beside, ducking, mixed
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.damage import resampled, spoken, write_wild_floats
from media_pipeline_tests.generators.sound_stages import Produced, produce, run_on
from media_pipeline_tests.generators.speech import needs_flite

RATE = 48000


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("mixing")
    t = np.arange(4 * RATE) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 1000 * t)
    music = np.stack([tone, tone], axis=1).astype(np.float32)
    noise = 0.05 * np.random.default_rng(0).standard_normal((7 * RATE, 1)).astype(np.float32)
    for name, samples in {"music": music, "noise": noise, "silent": 0 * noise}.items():
        write_wav(folder / f"{name}.wav", samples, RATE)
    return {p.stem: p for p in folder.glob("*.wav")}


def level_of(sound: np.ndarray[Any, Any], hz: float, rate: int = RATE) -> float:
    """dB of a tone in a second of sound."""
    t = np.arange(len(sound)) / rate
    return 20 * float(np.log10(2 * abs(np.mean(sound * np.exp(-2j * np.pi * hz * t))) + 1e-9))


@pytest.mark.parametrize("target", [-16.0, -23.0])
def test_the_mixture_has_the_loudness_and_no_higher_peak(
    places: dict[str, Path], tmp_path: Path, target: float
) -> None:
    run_on(places["noise"], MIXED, tmp_path, file=str(places["music"]), loudness=target)
    found = measure_loudness(tmp_path / "mixed" / "mixed.wav")
    assert found.integrated_lufs == pytest.approx(target, abs=0.2)
    assert found.true_peak_dbtp <= -1.5


def test_the_second_is_repeated_at_one_level_to_the_length_of_the_first(
    places: dict[str, Path], tmp_path: Path
) -> None:
    run_on(places["noise"], MIXED, tmp_path, file=str(places["music"]), level=10.0, loudness=-23.0)
    sound = read_audio(tmp_path / "mixed" / "mixed.wav", rate=RATE)
    assert len(sound) == 7 * RATE
    levels = [level_of(sound[i * RATE :][:RATE], 1000) for i in (0, 2, 5)]
    assert np.ptp(levels) < 0.1


def test_without_a_loop_the_second_ends(places: dict[str, Path], tmp_path: Path) -> None:
    run_on(places["noise"], MIXED, tmp_path, file=str(places["music"]), loop=False)
    sound = read_audio(tmp_path / "mixed" / "mixed.wav", rate=RATE)
    assert level_of(sound[5 * RATE : 6 * RATE], 1000) < level_of(sound[:RATE], 1000) - 20


def test_a_longer_second_is_cut(places: dict[str, Path], tmp_path: Path) -> None:
    run_on(places["music"], MIXED, tmp_path, file=str(places["noise"]))
    assert len(read_audio(tmp_path / "mixed" / "mixed.wav", rate=RATE)) == 4 * RATE


def test_levels_are_by_loudness(places: dict[str, Path], tmp_path: Path) -> None:
    outcome = run_on(places["noise"], MIXED, tmp_path, file=str(places["music"]), level=-10.0)
    first, second = (measure_loudness(places[n]).integrated_lufs for n in ("noise", "music"))
    assert outcome.facts["second_gain_db"] == pytest.approx(first - 10 - second, abs=0.2)


def test_of_a_longer_second_the_part_that_is_heard_has_the_level(
    places: dict[str, Path], tmp_path: Path
) -> None:
    music = read_audio(places["music"], rate=RATE, mono=False)
    write_wav(tmp_path / "late.wav", np.concatenate([0.05 * music, music, music]), RATE)
    late, whole = (
        run_on(places["music"], MIXED, tmp_path / second.stem, file=str(second), level=-10.0)
        for second in (tmp_path / "late.wav", places["music"])
    )
    softer = 20 * float(np.log10(0.05))
    gains = [outcome.facts["second_gain_db"] for outcome in (late, whole)]
    assert gains[0] == pytest.approx(gains[1] - softer, abs=0.2)


def test_ducking_is_full_in_speech_and_nothing_away_from_it() -> None:
    curve = 20 * np.log10(ducking(0, 10 * 1000, 1000, [(4.0, 6.0)], 9.0))
    np.testing.assert_allclose(curve[4000:6000], -9.0, atol=1e-6)
    np.testing.assert_allclose(curve[:3700], 0.0, atol=1e-6)
    np.testing.assert_allclose(curve[6700:], 0.0, atol=1e-6)
    parts = [ducking(i, 1000, 1000, [(4.0, 6.0)], 9.0) for i in range(0, 10000, 1000)]
    np.testing.assert_allclose(20 * np.log10(np.concatenate(parts)), curve, atol=1e-9)


@needs_flite
def test_the_music_is_lower_while_somebody_speaks(places: dict[str, Path], tmp_path: Path) -> None:
    talk = np.concatenate([np.zeros(32000, np.float32), spoken("slt"), np.zeros(32000, np.float32)])
    write_wav(tmp_path / "talk.wav", resampled(talk, 16000, RATE), RATE)
    outcome = run_on(
        tmp_path / "talk.wav", MIXED, tmp_path, file=str(places["music"]), duck=12.0, level=0.0
    )
    assert outcome.facts["ducked_seconds"] > 5
    sound = read_audio(tmp_path / "mixed" / "mixed.wav", rate=RATE)
    quiet = [level_of(sound[a : a + RATE // 2], 1000) for a in (0, RATE, len(sound) - RATE // 2)]
    assert np.ptp(quiet) < 0.1
    middle = level_of(sound[4 * RATE : 4 * RATE + RATE // 2], 1000)
    assert quiet[0] - middle == pytest.approx(12.0, abs=1.5)


def test_the_limiter_does_not_hear_where_blocks_meet() -> None:
    rng = np.random.default_rng(2)
    loud = rng.standard_normal((RATE, 1, 1)).astype(np.float32)
    pairs = np.concatenate([loud, 0.1 * np.roll(loud, 1)], axis=1)
    whole = np.concatenate(list(mixed(iter([pairs]), RATE, 0.0, -1.5)))
    parts = np.concatenate(list(mixed(iter(np.split(pairs, 4)), RATE, 0.0, -1.5)))
    np.testing.assert_allclose(whole, parts, atol=0.02)
    assert np.abs(whole).max() <= 10 ** (-1.5 / 20)


def test_the_limiter_holds_the_first_sound_and_leaves_the_second_alone() -> None:
    t = np.arange(2 * RATE) / RATE
    music = 0.1 * np.sin(2 * np.pi * 1000 * t)
    bursts = 2.0 * np.sin(2 * np.pi * 300 * t) * (np.sin(2 * np.pi * t) > 0.5)
    pairs = np.stack([bursts, music], axis=1)[:, :, np.newaxis].astype(np.float32)
    found = np.concatenate(list(mixed(iter([pairs]), RATE, 0.0, -1.5)))[:, 0]
    assert np.abs(found).max() <= 10 ** (-1.5 / 20)
    levels = [level_of(found[at : at + RATE // 4], 1000) for at in range(0, 2 * RATE, RATE // 4)]
    assert np.ptp(levels) < 0.1
    assert level_of(found[RATE // 8 : RATE // 8 + RATE // 6], 300) < -2  # it was +6


def test_a_second_sound_that_is_too_loud_by_itself_is_held_too() -> None:
    t = np.arange(RATE) / RATE
    loud = np.stack([0.5 * np.sin(2 * np.pi * 300 * t), 3 * np.sin(2 * np.pi * 1000 * t)], axis=1)
    found = np.concatenate(list(mixed(iter([loud[:, :, np.newaxis]]), RATE, 0.0, -1.5)))
    assert 0.5 < np.abs(found).max() <= 10 ** (-1.5 / 20)


def test_mono_and_surround() -> None:
    one, two, six = (np.ones((100, n), np.float32) for n in (1, 2, 6))

    def channels(main: Any, second: Any) -> int:
        pairs = beside(lambda: iter([main]), lambda: iter([second]), 8000, second_gain_db=0.0)
        return int(next(pairs).shape[2])

    assert [channels(one, one), channels(one, two), channels(two, one), channels(six, two)] == [
        *(1, 2, 2, 6),
    ]
    assert channels(two, six) == 2


def test_silence_is_said(places: dict[str, Path], tmp_path: Path) -> None:
    outcome = run_on(places["silent"], MIXED, tmp_path, file=str(places["music"]))
    assert "silent" in outcome.warnings[0]
    assert outcome.facts["lufs"] == pytest.approx(-16, abs=0.2)


def test_without_a_second_sound_there_is_nothing_to_do(
    places: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(NothingToDo):
        run_on(places["noise"], MIXED, tmp_path)
    gone = tmp_path / "gone.wav"
    with pytest.raises(MediaNotFound):
        produce(
            "AudioMixing", places["noise"], tmp_path, "m.wav", {"inputs": {"file": str(gone)}},
            {"inputs.file": gone},
        )  # fmt: skip


def test_a_film_keeps_its_picture(places: dict[str, Path], tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    video.write_clip(film)
    params = {"inputs": [{"file": str(places["music"])}], "duck": 6}
    made = produce(
        "AudioMixing", film, tmp_path, "out.mp4", params, {"inputs.file": places["music"]}
    )
    found, before = probe(made.folder / "out.mp4"), probe(film)
    assert found.video is not None and before.video is not None
    assert (found.video.codec, found.video.width) == (before.video.codec, before.video.width)
    assert found.duration == pytest.approx(before.duration, abs=0.1)


def test_floats_that_are_no_numbers_and_eight_channels(tmp_path: Path) -> None:
    wild = write_wild_floats(tmp_path / "wild.wav", 8, 16000)
    made = mix(tmp_path / "wild.wav", tmp_path / "wild.wav", tmp_path)
    sound = read_audio(made.folder / "m.wav", rate=16000, mono=False)
    assert sound.shape == (2 * 16000, 8)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1.0
    assert made.result["Notes"][0].startswith(f"{wild} samples were no sound")


def test_a_single_sample_first_or_second(tmp_path: Path) -> None:
    one, second = tmp_path / "one.wav", tmp_path / "second.wav"
    write_wav(one, np.full(1, 0.1, np.float32), 16000)
    write_wav(second, 0.1 * np.ones(8000, np.float32), 16000)
    for first, other, count in ((one, second, 1), (second, one, 8000)):
        made = mix(first, other, tmp_path)
        assert len(read_audio(made.folder / "m.wav", rate=16000)) == count


def test_without_sound_in_either_nothing_is_mixed(places: dict[str, Path], tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    video.write_clip(silent, sound=False)
    for first, second in ((silent, places["music"]), (places["music"], silent)):
        with pytest.raises(NoAudioStream):
            mix(first, second, tmp_path)


def test_a_second_that_is_no_sound_is_refused(places: dict[str, Path], tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound at all")
    with pytest.raises(NotMedia):
        mix(places["music"], text, tmp_path)


def test_silence_under_silence_is_silence(places: dict[str, Path], tmp_path: Path) -> None:
    outcome = run_on(places["silent"], MIXED, tmp_path, file=str(places["silent"]))
    assert len(outcome.warnings) == 2
    assert not read_audio(tmp_path / "mixed" / "mixed.wav", rate=RATE).any()


def mix(first: Path, second: Path, folder: Path) -> Produced:
    asked = {"inputs": {"file": str(second)}}
    return produce("AudioMixing", first, folder, "m.wav", asked, {"inputs.file": second})
