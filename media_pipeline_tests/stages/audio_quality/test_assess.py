"""Facts of damaged speech, and indexes that fall as it is damaged more."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from media_pipeline.stages.audio_quality import Channel, assess
from media_pipeline_tests.generators import damage
from media_pipeline_tests.generators.damage import Sound
from media_pipeline_tests.generators.speech import needs_flite

RATE = 16000
WHOLE = [(0.0, 1000.0)]


def judge(samples: Sound, rate: int = RATE) -> Channel:
    (found,) = assess(np.array_split(samples, 3), rate, [(0.0, len(samples) / rate)])
    return found


LADDERS: dict[str, list[Callable[[Sound], Sound]]] = {
    "hum": [lambda c, v=v: damage.mixed(c, "hum", v) for v in (30, 20, 10, 0)],
    "babble": [lambda c, v=v: damage.mixed(c, "babble", v) for v in (30, 20, 10, 0)],
    "clipping": [lambda c, v=v: damage.clipped(c, v) for v in (0.002, 0.01, 0.05, 0.2)],
    "low-pass": [lambda c, v=v: damage.lowpassed(c, v) for v in (5000, 3400, 2000, 1000)],
    "reverb": [lambda c, v=v: damage.in_room(c, v) for v in (0.15, 0.4, 0.8, 1.2)],
    "dropouts": [lambda c, v=v: damage.with_dropouts(c, v) for v in (2, 6, 15, 40)],
}


@needs_flite
@pytest.mark.parametrize("kind", LADDERS)
@pytest.mark.parametrize("voice", ["slt", pytest.param("kal16", marks=pytest.mark.slow)])
def test_the_index_falls_with_every_step_of_damage(kind: str, voice: str) -> None:
    clean = damage.spoken(voice)
    steps = [judge(clean), *(judge(step(clean)) for step in LADDERS[kind])]
    mos = [s.indexes.mos for s in steps if s.indexes]
    assert all(b < a for a, b in pairwise(mos)), mos
    assert mos[0] > 3.2
    assert mos[-1] < 0.75 * mos[0]


@needs_flite
def test_facts_are_what_was_done() -> None:
    clean = damage.spoken("slt")
    assert judge(clean).hum_db is None
    hum = judge(damage.mixed(clean, "hum", 10.0))
    assert hum.hum_db == pytest.approx(20 * np.log10(clean.std()) - 10, abs=2.0)
    assert judge(damage.clipped(clean, 0.02)).saturated == pytest.approx(0.02, abs=0.004)
    assert judge(clean).saturated == 0.0
    assert judge(damage.with_dropouts(clean, 6)).dropouts == pytest.approx(6, abs=1)
    assert judge(damage.lowpassed(clean, 3000)).bandwidth_hz == pytest.approx(3600, abs=700)
    assert judge(clean + np.float32(0.03)).offset == pytest.approx(0.03, abs=1e-3)
    noisy = [judge(damage.mixed(clean, "white", v)).snr_db for v in (20, 10, 0)]
    assert noisy == sorted(noisy, reverse=True)


def test_the_round_tops_of_low_tones_are_not_clipped() -> None:
    t = np.arange(4 * RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 50 * t)).astype(np.float32)
    assert judge(tone).saturated == 0.0
    assert judge(np.clip(tone, -0.3, 0.3)).saturated > 0.3


def test_loudness_of_a_tone_by_the_standard() -> None:
    """ITU-R BS.2217: 1 kHz at -20 dBFS in one channel is -23.0 LUFS."""
    t = np.arange(5 * 48000) / 48000
    found = judge((0.1 * np.sin(2 * np.pi * 997 * t)).astype(np.float32), 48000)
    assert found.lufs == pytest.approx(-23.0, abs=0.1)
    assert found.true_peak_db == pytest.approx(-20.0, abs=0.1)
    assert found.over_time[-1] == pytest.approx(-23.0, abs=0.1)


def test_the_peak_between_samples_is_found() -> None:
    t = np.arange(48000) / 48000
    tone = (0.5 * np.sin(2 * np.pi * 12000 * t + np.pi / 4)).astype(np.float32)
    assert np.abs(tone).max() == pytest.approx(0.3536, abs=0.001)
    assert judge(tone, 48000).true_peak_db == pytest.approx(-6.0, abs=0.6)


@pytest.mark.parametrize(
    ("samples", "tag"),
    [
        (np.zeros(1), "File too Short"),
        (np.full(RATE, 0.1), "File too Short"),
        (np.zeros(5 * RATE), "Mute"),
    ],
)
def test_tags_of_what_cannot_be_judged(samples: Sound, tag: str) -> None:
    found = judge(samples.astype(np.float32))
    assert (found.tag, found.indexes) == (tag, None)
    assert found.as_json()["MOS(0-5)"] == 0.0


def test_noise_without_speech_has_no_voice() -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(4 * RATE)).astype(np.float32)
    (found,) = assess([noise], RATE, [])
    assert (found.tag, found.speech_ratio) == ("Voice too Short", 0.0)


@needs_flite
def test_each_channel_is_judged_by_itself() -> None:
    clean = damage.spoken("rms")
    both = np.stack([clean, np.zeros_like(clean)], axis=1)
    left, right = assess([both], RATE, WHOLE)
    assert (left.tag, right.tag) == ("Valid", "Mute")
    assert right.speech_ratio == 0.0
