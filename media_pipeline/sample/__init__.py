"""The sample film of ``media-pipeline demo``: everything in it is generated, so everything in it is
known.

Moving pictures from ffmpeg's sources, drama-like captions burned into the bottom band, speech for
the English lines where a synthesiser is installed, and three lively passages that stand out from
the rest. What was planted is returned and written beside the film. The same machine makes the same
bytes each time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from media_pipeline.media.audio import write_wav
from media_pipeline.media.files import atomic_path
from media_pipeline.sample.picture import caption_font, encode
from media_pipeline.sample.script import make_plan
from media_pipeline.sample.sound import RATE, make_sound
from media_pipeline.sample.voice import Voice
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import write_cues


@dataclass(frozen=True)
class Sample:
    """The film and what was planted in it. Times are seconds, exact to the frame."""

    video: Path
    captions: list[Cue]
    highlights: list[tuple[float, float]]
    speech: list[Cue]
    """What is said and when; empty without a synthesiser."""
    notes: list[str]
    """What this machine lacked, and the remedy."""


def make_sample(folder: Path, progress: Progress = quiet) -> Sample:
    """Make the sample film in ``folder``: ``sample.mp4``, its captions ``sample.srt``, and the
    truth ``sample.json``.

    About a minute of 1280 × 720 H.264 at 25 frames a second with stereo AAC. Without a font for
    Chinese only the English captions are burned, without flite (in Debian's ffmpeg) or espeak-ng
    nothing is said; ``notes`` tells.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    font, chinese, notes = caption_font()
    with tempfile.TemporaryDirectory(prefix="media_pipeline_sample_") as scratch:
        work = Path(scratch)
        voice = Voice(work)
        if voice.name is None:
            notes.append(
                "nothing is said, for there is no speech synthesiser: "
                "install Debian's ffmpeg or espeak-ng"
            )
        plan = make_plan(voice, chinese=chinese)
        write_wav(work / "sound.wav", make_sound(plan), RATE)
        video = folder / "sample.mp4"
        with atomic_path(video) as target:
            encode(plan, font, work, target, progress)
    speech = [Cue(at, at + len(said) / RATE, text) for at, text, said in plan.speech]
    sample = Sample(video, plan.captions, plan.highlights, speech, notes)
    write_cues(sample.captions, folder / "sample.srt")
    with atomic_path(folder / "sample.json") as target:
        target.write_text(_truth(sample), encoding="utf-8")
    return sample


def _truth(sample: Sample) -> str:
    def rows(cues: Sequence[Cue]) -> list[dict[str, object]]:
        return [{"start": round(c.start, 3), "end": round(c.end, 3), "text": c.text} for c in cues]

    truth = {
        "video": sample.video.name,
        "captions": rows(sample.captions),
        "speech": rows(sample.speech),
        "highlights": [{"start": a, "end": b} for a, b in sample.highlights],
        "notes": sample.notes,
    }
    return json.dumps(truth, ensure_ascii=False, indent=2) + "\n"
