"""The sample film of ``media-pipeline demo``: everything in it is generated, so everything in it is
known.

Moving pictures from ffmpeg's sources, drama-like captions burned into the bottom band, speech for
the English lines where a synthesiser is installed, and three lively passages that stand out from
the rest. What was planted is returned and written beside the film. The same machine makes the same
bytes each time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysubs2

from media_pipeline.errors import FontMissing
from media_pipeline.media import ffmpeg
from media_pipeline.media.audio import read_audio, write_wav
from media_pipeline.media.files import atomic_path
from media_pipeline.media.fonts import Font, find_font
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import write_cues

Signal = npt.NDArray[np.float32]

WIDTH, HEIGHT, FPS, RATE = 1280, 720, 25, 48000
_SIZE = "416x234"  # of the generated pictures: soft enough for a caption to stand on, and cheap
_LEAD_S, _GAP_S, _TAIL_S = 0.8, 0.44, 0.8  # around and between the captions of a calm passage
_HIGHLIGHT_S = (9.0, 8.6, 9.0)


@dataclass(frozen=True)
class Line:
    """One line of the script: what is written, and in English also said."""

    chinese: str = ""
    english: str = ""

    def text(self, *, chinese: bool) -> str:
        """The rows that are burned; empty when the line is Chinese only and Chinese cannot be
        drawn.
        """
        return "\n".join(row for row in (self.chinese if chinese else "", self.english) if row)


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


_CALM = (
    (
        Line(english="The train leaves at seven o'clock."),
        Line(chinese="你终于来了，我等了很久。"),
        Line(english="I have been waiting here all morning."),
    ),
    (
        Line(english="Did you bring the letter with you?"),
        Line(chinese="信在我的口袋里。"),
        Line("我们没有时间了", "We have no time left."),
    ),
    (
        Line(english="Please open the window and listen."),
        Line(chinese="外面下雨了，你听见了吗？"),
        Line(english="There is somebody at the door."),
    ),
    (
        Line(chinese="天亮以后一切都会好的。"),
        Line(english="Tomorrow we will tell them everything."),
    ),
)
_CALM_PICTURES = (
    "gradients=s={size}:seed=11:n=4:speed=0.004:c0=#16324f:c1=#2a6f97:c2=#f2cc8f:c3=#81b29a",
    "perlin=s=320x180:octaves=4:xscale=3:yscale=3:tscale=0.2:random_mode=seed:seed=4,"
    "colorchannelmixer=.4:.3:.2:0:.3:.4:.3:0:.2:.5:.5",
    "gradients=s={size}:seed=5:n=5:t=circular:speed=0.003"
    ":c0=#3d1e3c:c1=#b5446e:c2=#f4b860:c3=#1f2a44:c4=#6b9080",
    "mandelbrot=s={size}:maxiter=160:end_pts=2000:start_scale=2.6:end_scale=0.5,hue=s=0.5",
)
_LIVELY_PICTURES = (
    "life=s=96x54:seed=3:mold=10:ratio=0.3:life_color=#f4d35e:death_color=#ee964b:mold_color=#0d3b66",
    "gradients=s={size}:seed=9:n=6:t=spiral:speed=0.3",
    "mandelbrot=s={size}:maxiter=80:end_pts=25:start_scale=2:end_scale=0.002",
    "zoneplate=s={size}:kx2=6:ky2=6:kt=200:ku=100:kv=60",
    "gradients=s={size}:seed=21:n=6:t=radial:speed=0.4",
)
_LIVELY_SHOT_S = 1.0
_SHOUTS = (Line(), Line(chinese="快看那边！"), Line(chinese="我们赢了！"))
_SHOUT_AT_S, _SHOUT_S = 3.08, 1.6


@dataclass(frozen=True)
class _Plan:
    captions: list[Cue]
    highlights: list[tuple[float, float]]
    speech: list[tuple[float, str, Signal]]
    shots: list[tuple[float, str]]
    """Seconds and source of every shot, in film order."""
    duration: float


def make_sample(folder: Path, progress: Progress = quiet) -> Sample:
    """Make the sample film in ``folder``: ``sample.mp4``, its captions ``sample.srt``, and the
    truth ``sample.json``.

    About a minute of 1280 × 720 H.264 at 25 frames a second with stereo AAC. Without a font for
    Chinese only the English captions are burned, without flite (in Debian's ffmpeg) or espeak-ng
    nothing is said; ``notes`` tells.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    font, chinese, notes = _caption_font()
    with tempfile.TemporaryDirectory(prefix="media_pipeline_sample_") as scratch:
        work = Path(scratch)
        voice = _Voice(work)
        if voice.name is None:
            notes.append(
                "nothing is said, for there is no speech synthesiser: "
                "install Debian's ffmpeg or espeak-ng"
            )
        plan = _plan(voice, chinese=chinese)
        write_wav(work / "sound.wav", _sound(plan), RATE)
        video = folder / "sample.mp4"
        with atomic_path(video) as target:
            _encode(plan, font, work, target, progress)
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


def _caption_font() -> tuple[Font, bool, list[str]]:
    lines = [line for passage in _CALM for line in passage] + list(_SHOUTS)
    try:
        return find_font("".join(line.chinese + line.english for line in lines)), True, []
    except FontMissing as error:
        note = f"only English captions are burned: {error}"
        return find_font("".join(line.english for line in lines)), False, [note]


# --- the plan -------------------------------------------------------------------------------------


def _frames(seconds: float) -> float:
    """The nearest whole number of frames, in seconds."""
    return round(round(seconds * FPS) / FPS, 6)


def _plan(voice: _Voice, *, chinese: bool) -> _Plan:
    """Lay calm and lively passages end to end; a spoken caption stands as long as its words."""
    plan = _Plan([], [], [], [], 0.0)
    now = 0.0
    for number, passage in enumerate(_CALM):
        begin, now = now, now + _LEAD_S
        cut = None
        for line in passage:
            if not (text := line.text(chinese=chinese)):
                continue
            said = voice.say(line.english) if line.english else None
            seconds = len(said) / RATE + 0.3 if said is not None else 0.7 + _reading_s(text)
            now = _frames(now)
            cue = Cue(now, _frames(now + seconds), text)
            if said is not None:
                plan.speech.append((now + 0.12, line.english, said))
            plan.captions.append(cue)
            now = cue.end + _GAP_S
            cut = cut or _frames(cue.end + _GAP_S / 2)
        now = _frames(now - _GAP_S + _TAIL_S)
        cut = cut or _frames((begin + now) / 2)
        plan.shots.append((cut - begin, _CALM_PICTURES[number]))
        plan.shots.append((now - cut, _CALM_PICTURES[(number + 1) % len(_CALM_PICTURES)]))
        if number < len(_HIGHLIGHT_S):
            now = _add_highlight(plan, number, now, chinese=chinese)
    return _Plan(plan.captions, plan.highlights, plan.speech, plan.shots, now)


def _add_highlight(plan: _Plan, number: int, start: float, *, chinese: bool) -> float:
    end = _frames(start + _HIGHLIGHT_S[number])
    plan.highlights.append((start, end))
    if text := _SHOUTS[number].text(chinese=chinese):
        at = _frames(start + _SHOUT_AT_S)
        plan.captions.append(Cue(at, _frames(at + _SHOUT_S), text))
    now, shot = start, number
    while now < end - 1e-6:
        seconds = min(_LIVELY_SHOT_S, end - now)
        plan.shots.append((seconds, _LIVELY_PICTURES[shot % len(_LIVELY_PICTURES)]))
        now, shot = _frames(now + seconds), shot + 1
    return end


def _reading_s(text: str) -> float:
    return sum(0.14 if ord(char) > 0x2E80 else 0.055 for char in text)


# --- sound ----------------------------------------------------------------------------------------


class _Voice:
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


def _sound(plan: _Plan) -> Signal:
    """Stereo sound of the whole film, shape ``(samples, 2)``: a quiet bed, speech, and the lively
    passages.
    """
    rng = np.random.default_rng(7)
    total = round(plan.duration * RATE)
    bed = np.cumsum(rng.standard_normal((total, 2)), axis=0)
    bed -= _smooth(bed, RATE // 40)  # a drifting sum of noise without its drift: a soft room rumble
    sound = (0.0025 * bed / bed.std()).astype(np.float32)
    for at, _text, said in plan.speech:
        first = round(at * RATE)
        sound[first : first + len(said)] += said[:, None]
    for number, (start, end) in enumerate(plan.highlights):
        first, count = round(start * RATE), round((end - start) * RATE)
        lively = (_sweeps, _bursts, _cheers)[number](count, rng)
        ramp = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.05 * RATE))
        sound[first : first + count] += (lively * ramp)[:, None].astype(np.float32)
    clipped: Signal = np.clip(sound, np.float32(-0.98), np.float32(0.98))
    return clipped


def _smooth(signal: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    total = np.cumsum(np.pad(signal, ((width, 0), (0, 0)), mode="edge"), axis=0)
    return np.asarray((total[width:] - total[:-width]) / width)


def _sweeps(count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Rising tones of varying length, one after another."""
    out = np.zeros(count)
    at = 0
    while at < count:
        length = min(int(rng.uniform(0.35, 0.8) * RATE), count - at)
        t = np.arange(length) / RATE
        low, high = rng.uniform(250, 500), rng.uniform(1400, 2600)
        phase = 2 * np.pi * (low * t + (high - low) * t**2 / (2 * max(t[-1], 1e-3)))
        out[at : at + length] = 0.3 * np.sin(phase) * np.minimum(1, (t[-1] - t) / 0.05)
        at += length
    return out


def _bursts(count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Drum-like bursts of noise at an uneven beat."""
    out = 0.04 * rng.standard_normal(count)
    at = 0
    while at < count:
        length = min(int(rng.uniform(0.16, 0.4) * RATE), count - at)
        decay = np.exp(-np.arange(length) / (0.09 * RATE))
        out[at : at + length] += rng.uniform(0.35, 0.6) * decay * rng.standard_normal(length)
        at += length
    return out


def _cheers(count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A crowd: noise in the band of voices that swells and ebbs, with whistles over it."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    voices = np.exp(-0.5 * (np.log2(np.maximum(hertz, 1) / 900) / 0.8) ** 2)
    crowd = np.fft.irfft(spectrum * voices, count)
    t = np.arange(count) / RATE
    swell = 0.65 + 0.2 * np.sin(2 * np.pi * 0.7 * t) + 0.15 * np.sin(2 * np.pi * 4.3 * t)
    whistle = (
        0.12 * np.sin(2 * np.pi * 2300 * t + 8 * np.sin(2 * np.pi * 5 * t)) * (np.sin(3 * t) > 0.6)
    )
    return np.asarray(0.2 * swell * crowd / crowd.std() + whistle)


# --- picture --------------------------------------------------------------------------------------


def _encode(plan: _Plan, font: Font, work: Path, target: Path, progress: Progress) -> None:
    (work / "fonts").mkdir()
    shutil.copyfile(font.path, work / "fonts" / f"captions{font.path.suffix}")
    (work / "captions.ass").write_text(_ass(plan.captions, font.family), encoding="utf-8")
    graph = []
    for number, (seconds, source) in enumerate(plan.shots):
        frames = round(seconds * FPS)
        graph.append(
            f"{source.format(size=_SIZE)},fps={FPS},trim=end_frame={frames},setpts=N/{FPS}/TB,"
            f"scale={WIDTH}:{HEIGHT}:flags=bicubic:out_range=tv,format=yuv420p,setsar=1[s{number}]"
        )
    inputs = "".join(f"[s{n}]" for n in range(len(plan.shots)))
    graph.append(f"{inputs}concat=n={len(plan.shots)},fps={FPS},ass=captions.ass:fontsdir=fonts[v]")
    (work / "graph.txt").write_text(";\n".join(graph), encoding="utf-8")
    ffmpeg.run(
        [
            *("-i", "sound.wav", "-/filter_complex", "graph.txt", "-map", "[v]", "-map", "0:a"),
            # A fixed number of threads, because x264's output depends on it.
            *("-c:v", "libx264", "-preset", "superfast", "-crf", "25", "-threads", "2"),
            *(
                "-c:a",
                "aac",
                "-b:a",
                "128k",
                "-movflags",
                "+faststart",
                "-t",
                f"{plan.duration:.3f}",
            ),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
            ffmpeg.source(target),
        ],
        duration=plan.duration,
        progress=progress,
        cwd=work,
    )


def _ass(captions: Sequence[Cue], family: str) -> str:
    """The captions as drama subtitles look: white, outlined, in the bottom band."""
    subs = pysubs2.SSAFile()
    subs.info |= {"PlayResX": str(WIDTH), "PlayResY": str(HEIGHT), "WrapStyle": "2"}
    subs.styles["Default"] = pysubs2.SSAStyle(
        fontname=family,
        fontsize=58,
        primarycolor=pysubs2.Color(255, 255, 255),
        outlinecolor=pysubs2.Color(16, 16, 16),
        outline=3,
        shadow=0,
        alignment=pysubs2.Alignment.BOTTOM_CENTER,
        marginv=28,
    )
    for cue in captions:
        # Events end with the frame before the boundary: a centisecond earlier keeps the film exact
        # to the frame.
        subs.append(
            pysubs2.SSAEvent(
                start=round(cue.start * 1000) - 10 if cue.start else 0,
                end=round(cue.end * 1000) - 10,
                text=cue.text.replace("\n", "\\N"),
            )
        )
    return subs.to_string("ass")
