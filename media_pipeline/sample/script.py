"""What is said and shown in the sample film, and when."""

from __future__ import annotations

from dataclasses import dataclass

from media_pipeline.sample.sound import RATE, Signal
from media_pipeline.sample.voice import Voice
from media_pipeline.text.cues import Cue

WIDTH, HEIGHT, FPS = 1280, 720, 25
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
    "gradients=s={size}:seed=9:n=5:t=spiral:speed=0.3"
    ":c0=#ffd166:c1=#ef476f:c2=#06d6a0:c3=#118ab2:c4=#f78c6b",
    "mandelbrot=s={size}:maxiter=80:end_pts=25:start_scale=2:end_scale=0.002",
    "zoneplate=s={size}:kx2=6:ky2=6:kt=200:ku=100:kv=60",
    "gradients=s={size}:seed=21:n=5:t=radial:speed=0.4"
    ":c0=#2b2d42:c1=#d90429:c2=#8d99ae:c3=#ffb703:c4=#219ebc",
)
_LIVELY_SHOT_S = 1.0
_SHOUTS = (Line(), Line(chinese="快看那边！"), Line(chinese="我们赢了！"))
_SHOUT_AT_S, _SHOUT_S = 3.08, 1.6


ALL_LINES = (*(line for passage in _CALM for line in passage), *_SHOUTS)


@dataclass(frozen=True)
class Plan:
    """The whole film on paper."""

    captions: list[Cue]
    highlights: list[tuple[float, float]]
    speech: list[tuple[float, str, Signal]]
    """When, what, and how it sounds."""
    shots: list[tuple[float, str]]
    """Seconds and source of every shot, in film order."""
    duration: float


def _frames(seconds: float) -> float:
    """The nearest whole number of frames, in seconds."""
    return round(round(seconds * FPS) / FPS, 6)


def make_plan(voice: Voice, *, chinese: bool) -> Plan:
    """Lay calm and lively passages end to end; a spoken caption stands as long as its words."""
    plan = Plan([], [], [], [], 0.0)
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
    return Plan(plan.captions, plan.highlights, plan.speech, plan.shots, now)


def _add_highlight(plan: Plan, number: int, start: float, *, chinese: bool) -> float:
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
