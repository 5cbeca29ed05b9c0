"""Styles of music as data: patterns of one bar, by instrument.

A pattern has one character for each step of the bar (any number of steps per beat): ``X`` is
accented, ``x`` plain, ``o`` soft, ``.`` silent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Style:
    """How a song of a style is played."""

    bpm: tuple[int, int]
    """Range of the tempo that musicians would write."""
    chords: tuple[str, str]
    """Instrument and pattern of the accompaniment."""
    bass: tuple[str, str] = ("", "")
    drums: dict[str, str] = field(default_factory=dict)
    melody: str = ""
    meter: int = 4
    swing: float = 0.5
    """Where the second half of a beat falls."""
    tempo: str = "steady"
    """steady, rubato, ramp, jump or drift."""
    pickup: int = 0
    """Beats before the first bar line."""
    room: float = 0.15
    drum_level: float = 1.0
    loose_ms: float = 6.0


STYLES: dict[str, Style] = {
    "rock": Style(
        (104, 144), ("crunch", "X.x.x.x."), ("bass", "X.x.X.x."),
        {"kick": "X...x.x.", "snare": "..X...X.", "hat": "xoxoxoxo"}, "lead",
    ),
    "ballad": Style(
        (60, 74), ("piano", "X.o.x.o.X.o.x.o."), ("bass", "X.....x.X......."), {}, "lead",
        room=0.35, loose_ms=14,
    ),
    "powerballad": Style(
        (64, 80), ("piano", "X.x.x.x."), ("bass", "X.....x."),
        {"kick": "X....x..", "snare": "..X...X.", "hat": "xoxoxoxo"}, "lead", room=0.3,
    ),
    "waltz": Style(
        (120, 180), ("piano", ".xx"), ("bass", "X.."), {}, "flute", meter=3, loose_ms=12,
    ),
    "waltzband": Style(
        (90, 140), ("organ", ".xx"), ("bass", "X.."),
        {"kick": "X..", "snare": ".oo", "hat": "xxx"}, "brass", meter=3,
    ),
    "swing": Style(
        (120, 196), ("epiano", "..x..x......"), ("bass", "X..x..X..x.."),
        {"ride": "x..x.xx..x.x", "hat": "...x.....x..", "kick": "o..o..o..o.."}, "brass",
        loose_ms=10,
    ),
    "drumandbass": Style(
        (166, 180), ("pad", "X..............."), ("synthbass", "X......x..x....."),
        {"kick": "X.........X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
        "bell",
    ),
    "reggae": Style(
        (66, 88), ("organ", ".X.X.X.X"), ("bass", "..x.Xx.x"),
        {"kick": "....X...", "rim": "....X...", "hat": "xoxoxoxo"}, "lead",
    ),
    "house": Style(
        (118, 130), ("epiano", "X..X..X..X..X..."), ("synthbass", "X.x.x.x.X.x.x.x."),
        {"kick": "X...X...X...X...", "clap": "....X.......X...", "openhat": "..x...x...x...x."},
        "bell",
    ),
    "strings": Style((60, 84), ("strings", "Xx.x"), ("strings", "X.x."), {}, "strings", room=0.4,
                     loose_ms=18),
    "rubato": Style(
        (70, 110), ("piano", "Xoxoxoxo"), ("piano", "X..."), {}, "piano", tempo="rubato",
        room=0.3, loose_ms=10,
    ),
    "ramp": Style(
        (90, 110), ("guitar", "X.xxX.xx"), ("bass", "X...X..."),
        {"kick": "X...X...", "snare": "..X...X.", "shaker": "xxxxxxxx"}, "flute", tempo="ramp",
    ),
    "jump": Style(
        (96, 120), ("piano", "X.x.x.x."), ("bass", "X...x..."),
        {"kick": "X...X...", "snare": "..X...X.", "hat": "x.x.x.x."}, "lead", tempo="jump",
    ),
    "fingerpicking": Style(
        (84, 112), ("guitar", "Xoxoxo"), ("guitar", "X....."), {}, "flute", meter=3, loose_ms=10,
        tempo="drift",
    ),
    "folk": Style(
        (92, 126), ("guitar", "X.xxo.xx"), ("bass", "X...x..."), {}, "lead", loose_ms=10,
        tempo="drift",
    ),
    "march": Style(
        (104, 124), ("brass", ".x.x.x.x"), ("brass", "X...X..."),
        {"kick": "X...X...", "snare": "o.X.o.Xx"}, "flute", pickup=1,
    ),
    "hiphop": Style(
        (78, 98), ("epiano", "X.....x........."), ("synthbass", "X..x......x....."),
        {"kick": "X......x..x.....", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
        "bell",
        swing=0.57,
    ),
    "bossa": Style(
        (120, 150), ("guitar", "X..x..X...x..x.."), ("bass", "X.....xxX.....xx"),
        {"rim": "X..x..x...x..x..", "shaker": "xoxoxoxoxoxoxoxo", "kick": "x.....xxx.....xx"},
        "flute",
        drum_level=0.6,
    ),
    "metal": Style(
        (170, 200), ("crunch", "xxxxxxxx"), ("bass", "xxxxxxxx"),
        {"kick": "xxxxxxxx", "snare": "..X...X.", "ride": "x.x.x.x."}, "",
    ),
    "shuffle": Style(
        (100, 136), ("organ", "X.xx.xX.xx.x"), ("bass", "X.xx.xX.xx.x"),
        {"kick": "X.....X.....", "snare": "...X.....X..", "hat": "x.xx.xx.xx.x"}, "brass", pickup=2,
    ),
    "funk": Style(
        (94, 116), ("guitar", "..x.x..x..x.xx.."), ("synthbass", "X..x......x..x.."),
        {"kick": "X..x..x...x.....", "snare": "....X..o.o..X...", "hat": "xxxxxxxxxxxxxxxx"},
        "brass",
    ),
    "disco": Style(
        (108, 128), ("guitar", "..x...x...x...x."), ("bass", "X.x.X.x.X.x.X.x."),
        {"kick": "X...X...X...X...", "snare": "....X.......X...", "openhat": "..x...x...x...x."},
        "strings", tempo="drift",
    ),
}  # fmt: skip

_KITS: dict[int, tuple[dict[str, str], ...]] = {
    4: (
        {},
        {"kick": "X...X...", "snare": "..X...X.", "hat": "xxxxxxxx"},
        {"kick": "X..x.x..", "snare": "..X...X.", "ride": "x.x.x.x."},
        {"kick": "XXXX", "hat": ".x.x.x.x"},
        {"kick": "X.....x.", "snare": "....X...", "hat": "x.x.x.x."},
        {"kick": "X..x..x.....x...", "snare": "....X..o.o..X..o", "hat": "x.xxx.xxx.xxx.xx"},
        {"shaker": "xoxoxoxo", "rim": "..x...x."},
        {"kick": "X.......X.x.....", "clap": "....X.......X...", "shaker": "xoxoxoxoxoxoxoxo"},
        {"kick": "X.X.", "hat": ".x.x"},
    ),
    3: (
        {},
        {"kick": "X..", "hat": ".xx"},
        {"kick": "X.....", "snare": "..x.x.", "hat": "x.x.x."},
        {"kick": "X....x", "rim": "...X..", "ride": "xxxxxx"},
    ),
}
_PLAYERS = ("piano", "epiano", "organ", "guitar", "crunch", "brass", "strings")


def random_style(rng: np.random.Generator) -> Style:
    """A style that nobody has named: any tempo, rhythms that are likelier on the beat than off."""
    meter = 3 if rng.random() < 0.25 else 4
    steps = int(rng.choice([1, 2, 2, 2, 3, 4, 4]))
    bpm = round(float(np.clip(rng.lognormal(np.log(112), 0.28), 60, 200)))
    kits = _KITS[meter]
    return Style(
        (bpm, bpm + 1),
        (str(rng.choice(_PLAYERS)), _rhythm(meter, steps, rng)),
        (str(rng.choice(["bass", "synthbass"])), _rhythm(meter, min(steps, 2), rng, first=1.0)),
        kits[int(rng.integers(len(kits)))],
        str(rng.choice(["", "lead", "flute", "bell", "piano", "brass"])),
        meter,
        tempo=str(rng.choice(["steady", "steady", "drift", "rubato", "ramp", "jump"])),
        pickup=int(rng.choice([0, 0, 0, 1])),
        room=float(rng.uniform(0.05, 0.4)),
        drum_level=float(rng.uniform(0.5, 1.3)),
        loose_ms=float(rng.uniform(3, 14)),
    )


def _rhythm(meter: int, steps: int, rng: np.random.Generator, first: float = 0.9) -> str:
    off_beat = rng.random() < 0.08 and first < 1
    signs = []
    for place in range(meter * steps):
        beat, part = divmod(place, steps)
        likely = first if place == 0 else 0.75 if beat % 2 == 0 else 0.6
        if part:
            likely = 0.45 if part * 2 == steps else 0.25
        if off_beat:
            likely = 0.9 if part * 2 == steps else 0.15
        accent = "X" if place == 0 else str(rng.choice(["x", "x", "o", "X"]))
        signs.append(accent if rng.random() < likely else ".")
    return "".join(signs) if set(signs) != {"."} else "X" + "." * (meter * steps - 1)
