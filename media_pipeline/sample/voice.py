"""Speech for the sample film, by whichever synthesiser this machine has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np

from media_pipeline.media.audio import read_audio
from media_pipeline.sample.sound import RATE, Signal


class Voice:
    """A speech synthesiser that this machine has: flite inside Debian's ffmpeg, or espeak-ng, or
    none.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._count = 0
        self.name = next((n for n in ("flite", "espeak-ng") if self._try(n)), None)

    def _try(self, name: str) -> bool:
        self.name = name
        return self.say("test") is not None

    def say(self, text: str) -> Signal | None:
        """The text as sound at ``RATE`` without silence at its ends; None without a voice."""
        self._count += 1
        script = self._work / f"line_{self._count}.txt"
        script.write_text(text, encoding="utf-8")
        wav = script.with_suffix(".wav")
        command = self._command(script.name, wav.name)
        if command is None:
            return None
        done = subprocess.run(
            command,
            cwd=self._work,
            capture_output=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0 or not wav.is_file():
            return None
        return _trim(read_audio(wav, rate=RATE))

    def _command(self, script: str, wav: str) -> list[str] | None:
        if self.name == "flite" and (program := shutil.which("ffmpeg")):
            source = f"flite=textfile={script}:voice=slt"
            return [program, "-v", "error", "-y", "-f", "lavfi", "-i", source, wav]
        if self.name == "espeak-ng" and (program := shutil.which("espeak-ng")):
            return [program, "-v", "en-us", "-s", "150", "-f", script, "-w", wav]
        return None


def _trim(sound: Signal) -> Signal | None:
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    if loud.size == 0:
        return None
    said = sound[loud[0] : loud[-1] + 1]
    return np.asarray(said * (0.45 / np.abs(said).max()), dtype=np.float32)
