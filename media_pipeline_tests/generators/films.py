"""A film of eight seconds with burned English captions, speech where a voice is installed, and a
lively part.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from media_pipeline.media.audio import write_wav
from media_pipeline.sample.picture import caption_font, encode
from media_pipeline.sample.script import Plan
from media_pipeline.sample.sound import RATE, make_sound
from media_pipeline.sample.voice import Voice
from media_pipeline.stages.base import quiet
from media_pipeline.text.cues import Cue

_CALM = "gradients=s={size}:seed=11:n=3:speed=0.004:c0=#16324f:c1=#2a6f97:c2=#81b29a"
_LIVELY = (
    "zoneplate=s={size}:kx2=6:ky2=6:kt=200:ku=100:kv=60",
    "gradients=s={size}:seed=9:n=3:t=spiral:speed=0.3:c0=#ffd166:c1=#ef476f:c2=#118ab2",
)


@dataclass(frozen=True)
class SmallFilm:
    """The film and what is in it."""

    path: Path
    captions: list[Cue]
    highlight: tuple[float, float]
    spoken: bool


def make_small_film(path: Path, work: Path) -> SmallFilm:
    """Write the film to ``path``; ``work`` is a folder for unfinished things."""
    work.mkdir(parents=True, exist_ok=True)
    voice = Voice(work)
    lines = ["Please open the window and listen.", "There is somebody at the door."]
    captions = [Cue(0.4, 2.2, lines[0]), Cue(6.0, 7.6, lines[1])]
    said = [(cue.start + 0.1, cue.text, voice.say(cue.text)) for cue in captions]
    speech = [(at, text, sound) for at, text, sound in said if sound is not None]
    shots = [(2.6, _CALM), *((0.75, _LIVELY[i % 2]) for i in range(4)), (2.4, _CALM)]
    plan = Plan(captions, [(2.6, 5.6)], speech, shots, 8.0)
    write_wav(work / "sound.wav", np.asarray(make_sound(plan), np.float32), RATE)
    encode(plan, caption_font()[0], work, path, quiet)
    return SmallFilm(path, captions, (2.6, 5.6), bool(speech))
