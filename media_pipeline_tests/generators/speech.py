"""Speech with known text by the flite synthesiser of Debian's ffmpeg, and other sounds.

Sound is float32 at 16 kHz mono. What flite says and in which order is known; the exact times of its
words are not, but the times of whole sentences are, since the silence around them is put there.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from media_pipeline.media.probe import AudioStream, MediaInfo
from media_pipeline.media.wav import write_wav
from media_pipeline.stages.base import Environment, Outcome, Reason, Stage, Work
from media_pipeline.stages.tables import CAPTIONS
from media_pipeline.text.cues import Cue, cues_to_table

RATE = 16_000
Sound = NDArray[np.float32]

FOX = "The quick brown fox jumps over the lazy dog, and then it runs away into the dark forest."
STATION = "There were many people at the station, but nobody knew when the train would arrive."
WINDOW = "Please open the window, it is very hot in here and I cannot breathe."
SOLDIERS = "In nineteen eighty four, twenty three soldiers walked across the bridge."


@functools.cache
def flite_missing() -> str:
    """Why flite cannot be used, or ""."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return "Debian's ffmpeg, whose flite source speaks, is not installed"
    filters = subprocess.run(
        [ffmpeg, "-hide_banner", "-filters"], capture_output=True, text=True, check=True
    ).stdout
    return "" if " flite " in filters else "this ffmpeg was built without flite"


needs_flite = pytest.mark.skipif(bool(flite_missing()), reason=flite_missing() or "flite is here")


@functools.lru_cache(maxsize=1024)
def say(text: str, voice: str = "slt") -> Sound:
    """What flite says, without the silence around it."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        sound = subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi",
             "-i", f"flite=textfile={file.name}:voice={voice}",
             "-f", "f32le", "-ac", "1", "-ar", str(RATE), "pipe:1"],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
    samples = np.frombuffer(sound, np.float32)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    samples = samples[loud[0] : loud[-1] + 1].copy()
    samples.flags.writeable = False
    return samples


def silence(seconds: float) -> Sound:
    """Nothing at all."""
    return np.zeros(round(seconds * RATE), np.float32)


def noise(seconds: float, level_db: float = -30.0, seed: int = 0) -> Sound:
    """White noise."""
    random = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (random * 10 ** (level_db / 20)).astype(np.float32)


def tone(seconds: float, pitch: float = 220.0) -> Sound:
    """A steady sine."""
    return (0.2 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)).astype(
        np.float32
    )


@dataclass
class Scene:
    """Sentences with pauses between them, and when each is said."""

    samples: Sound
    sentences: list[Cue]

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE


def scene(
    texts: Sequence[str], *, pause: float = 1.0, voice: str = "slt", ground_db: float = -65.0
) -> Scene:
    """Sentences one after the other over faint noise, a pause before, between and after them."""
    parts, sentences, at = [silence(pause)], [], pause
    for text in texts:
        said = say(text, voice)
        sentences.append(Cue(at, at + len(said) / RATE, text))
        parts += [said, silence(pause)]
        at = sentences[-1].end + pause
    samples = np.concatenate(parts)
    return Scene(samples + noise(len(samples) / RATE, ground_db)[: len(samples)], sentences)


def onsets(samples: Sound, *, least_gap_s: float = 0.15, depth_db: float = 35) -> list[float]:
    """When sound begins after a pause, by its energy alone: the truth that needs no recogniser.

    Sound is what is less than ``depth_db`` below the loud parts.
    """
    hop = RATE // 200
    count = len(samples) // hop
    power = np.square(samples[: count * hop].reshape(count, hop), dtype=np.float64).mean(axis=1)
    level = 10 * np.log10(power + 1e-10)
    loud = level > np.percentile(level, 95) - depth_db
    found, quiet = [], least_gap_s
    for i, is_loud in enumerate(loud):
        if is_loud and quiet >= least_gap_s:
            found.append(i * hop / RATE)
        quiet = 0.0 if is_loud else quiet + hop / RATE
    return found


# --- stages ------------------------------------------------------------------------------------


@dataclass
class Made:
    """A finished artifact in a folder, as a stage sees it."""

    folder: Path
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: Reason | None = None
    fingerprint: str = "0" * 16

    def path(self, name: str) -> Path:
        return self.folder / name

    def files(self, pattern: str = "*") -> list[Path]:
        return sorted(self.folder.glob(pattern))

    def table(self, name: str) -> pa.Table:
        return pq.read_table(self.folder / name)


@dataclass
class Film:
    """The inputs of the speech stages for one film, and what is made of them."""

    folder: Path
    info: MediaInfo
    made: dict[str, Made] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)

    def run(self, stage: Stage, **params: Any) -> Outcome:
        """Resolve and run a stage as the runner does, and keep what it makes."""
        out = self.folder / stage.name
        out.mkdir(exist_ok=True)
        outcome = stage.run(self.work(stage, out, **params))
        self.made[stage.name] = Made(out, outcome.facts)
        return outcome

    def work(self, stage: Stage, out: Path, **params: Any) -> Work:
        """What a stage is given, resolved."""
        work = Work(
            self.folder / "film.wav",
            self.info,
            {
                name: self.made[name]
                for name in stage.inputs
                if name in self.made or name not in stage.dispensable
            },
            stage.params(**params),
            out,
            self.environment,
            name="film.wav",
        )
        resolution = stage.resolve(work)
        self.why = resolution.why
        self.engine = dict(resolution.engine or {})
        self.resolved = resolution.params
        return replace(work, params=resolution.params, engine=resolution.engine)


def film(
    folder: Path,
    samples: Sound | None,
    captions: Sequence[Cue] = (),
    *,
    tag: str | None = None,
    environment: Environment | None = None,
) -> Film:
    """A film with given sound (None for a silent one) and captions."""
    duration = len(samples) / RATE if samples is not None else 10.0
    track = AudioStream(
        index=0, codec="pcm_s16le", sample_rate=RATE, channels=1, language=tag, title=None,
        default=True, start=0.0, duration=duration,
    )  # fmt: skip
    info = MediaInfo(
        container="wav", size=1, duration=duration, video=None,
        audio=(track,) if samples is not None else (),
        audio_index=0 if samples is not None else None, audio_choice="the only one", subtitles=(),
    )  # fmt: skip
    for name in ("audio", "captions"):
        (folder / name).mkdir(parents=True)
    reason = None
    if samples is None:
        reason = Reason("NoAudioStream", "film.wav has no audio stream", "give a file with sound")
    else:
        write_wav(folder / "audio" / "speech.wav", samples, RATE)
    table = cues_to_table(captions, CAPTIONS.schema, source=["ocr"] * len(captions))
    pq.write_table(table, folder / "captions" / "captions.parquet")
    made = {"audio": Made(folder / "audio", {}, reason), "captions": Made(folder / "captions")}
    return Film(folder, info, made, environment or Environment())
