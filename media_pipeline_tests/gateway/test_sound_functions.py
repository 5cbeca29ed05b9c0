"""The functions on sound asked for over the wire: what bad input is answered with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from media_pipeline.media.audio import write_wav
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.damage import write_wild_floats
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import object_storage

pytestmark = pytest.mark.slow
JSON, WAV = "made.json", "made.wav"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with object_storage() as storage:
        host = storage.endpoint.removeprefix("http://")
        folder = tmp_path_factory.mktemp("sounds")
        with gateway(folder, storage, allow_unsigned=True, allowed_hosts=host) as found:
            yield found


@pytest.fixture(scope="module")
def bucket(live: Gateway, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Input that is bad in one way each."""
    folder = tmp_path_factory.mktemp("made")
    noise = 0.1 * np.random.default_rng(0).standard_normal(44100).astype(np.float32)
    write_wav(folder / "cd.wav", noise, 44100)
    write_wav(folder / "good.wav", noise[:32000], 16000)
    write_wav(folder / "one.wav", np.full(1, 0.1, np.float32), 48000)
    write_wav(folder / "silent.wav", np.zeros(32000, np.float32), 16000)
    write_wild_floats(folder / "wild.wav", 8, 16000)
    video.write_clip(folder / "mute.mp4", sound=False)
    return live.filled(folder.iterdir())


def _done(
    live: Gateway, bucket: str, function: str, media: str, out: str, second: str = ""
) -> dict[str, Any]:
    """The job when it has ended."""
    params = {"inputs": {"file": f"oss://{bucket}/{second}"}} if second else {}
    answer = live.submit(function, bucket, media, out, params)
    assert answer.status_code == 200, answer.text
    return live.finished(answer.json()["JobId"])


@pytest.mark.parametrize(
    ("function", "media", "out", "second", "code"),
    [
        ("AudioBeatDetection", "mute.mp4", JSON, "", "NoAudioStream"),
        ("MusicSegmentDetect", "mute.mp4", JSON, "", "NoAudioStream"),
        ("AudioQualityAssessment", "mute.mp4", JSON, "", "NoAudioStream"),
        ("SpeechDenoise", "mute.mp4", WAV, "", "NoAudioStream"),
        ("AudioMixing", "mute.mp4", WAV, "good.wav", "NoAudioStream"),
        ("AudioMixing", "good.wav", WAV, "mute.mp4", "NoAudioStream"),
        ("AudioMixing", "good.wav", WAV, "gone.wav", "MediaNotFound"),
        ("SpeechDenoise", "cd.wav", WAV, "", "InvalidParameter"),
    ],
)
def test_what_cannot_be_done_fails_the_job_by_its_name(
    live: Gateway, bucket: str, function: str, media: str, out: str, second: str, code: str
) -> None:
    job = _done(live, bucket, function, media, out, second)
    assert (job["Status"], json.loads(job["Result"])["Code"]) == ("Failed", code)


@pytest.mark.parametrize("media", ["one.wav", "silent.wav", "wild.wav"])
@pytest.mark.parametrize(
    ("function", "out", "second"),
    [
        ("AudioBeatDetection", JSON, ""),
        ("MusicSegmentDetect", JSON, ""),
        ("AudioQualityAssessment", JSON, ""),
        ("SpeechDenoise", WAV, ""),
        ("AudioMixing", WAV, "cd.wav"),
    ],
)
def test_sound_that_is_hardly_any_gives_what_there_is(
    live: Gateway, bucket: str, function: str, media: str, out: str, second: str
) -> None:
    job = _done(live, bucket, function, media, out, second)
    assert job["Status"] == "Success", job
    assert httpx.get(job["OutputUrls"][0], trust_env=False).status_code == 200
