"""Kinds of films with captions, as they are met in an archive: each a recipe by seed and length.

Captions stand in the bottom quarter, where the default region is. What else stands there (marks,
tickers, signs, credits) belongs to the film and is no caption.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import lines
from media_pipeline_tests.generators.captions import Film, Mark, Style

HD, FULL_HD, TALL, SMALL = (1280, 720), (1920, 1080), (720, 1280), (320, 180)
YELLOW = (255, 230, 60)
NEWS = "本台消息：今日天气晴朗，气温适宜，请注意防晒。"
MORE_NEWS = "股市小幅上涨，成交量放大；明晚有雨，出门请带伞。"

Recipe = Callable[[int, float], Film]


def _film(
    texts: Sequence[str],
    seed: int,
    seconds: float,
    *,
    style: Style,
    ground: str | Path = "busy",
    size: tuple[int, int] = HD,
    marks: Sequence[Mark] = (),
    grain: float = 0.0,
    cues: Sequence[Cue] | None = None,
    **times: float,
) -> Film:
    if cues is None:
        cues = lines.timeline(texts, seconds, np.random.default_rng(seed), **times)
    return Film(
        cues, seconds, size=size, ground=ground, style=style, marks=marks, seed=seed, grain=grain
    )


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed + 1000)


def outline(seed: int, seconds: float) -> Film:
    """White with a black outline on moving layers."""
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=Style(size=0.065), grain=3)


def yellow(seed: int, seconds: float) -> Film:
    """English in yellow, one or two rows."""
    style = Style(size=0.055, colour=YELLOW, family="Liberation Sans")
    return _film(lines.english(_rng(seed), width=34), seed, seconds, style=style)


def box(seed: int, seconds: float) -> Film:
    """White on a translucent bar."""
    style = Style(size=0.06, outline=0, bar=0.55)
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=style)


def fades(seed: int, seconds: float) -> Film:
    """Grey with a thin outline, low in contrast, fading in and out."""
    style = Style(size=0.06, colour=(205, 205, 200), outline=1, fade=0.2)
    texts = lines.chinese(_rng(seed))
    return _film(texts, seed, seconds, style=style, ground="drift", shortest=1.2, pause=0.8)


def soft(seed: int, seconds: float) -> Film:
    """White serif letters with nothing but a shadow."""
    style = Style(size=0.06, outline=0, shadow=1, family="Noto Serif CJK SC")
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=style, ground="drift", grain=3)


def vertical(seed: int, seconds: float) -> Film:
    """A film for telephones, with large bold captions well above its lower edge."""
    style = Style(size=0.042, outline=2, bottom=0.14)
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=style, size=TALL, ground="hand")


def disclaimer(seed: int, seconds: float) -> Film:
    """The same with a disclaimer that stays."""
    marks = (
        Mark("本故事纯属虚构 请勿模仿", 0.27, 0.955, 0.018, 0.8),
        Mark("热播短剧", 0.82, 0.78, 0.02, 0.7),
    )
    style = Style(size=0.036, outline=2, bottom=0.13, colour=(255, 250, 210))
    return _film(
        lines.chinese(_rng(seed)), seed, seconds,
        style=style, size=TALL, ground="busy", marks=marks,
    )  # fmt: skip


def ticker(seed: int, seconds: float) -> Film:
    """News running below the captions."""
    marks = (Mark(NEWS + MORE_NEWS, 1.0, 0.93, 0.04, 1.0, 0.12, panel=(20, 30, 90)),)
    style = Style(size=0.06, bottom=0.1)
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=style, marks=marks)


def news(seed: int, seconds: float) -> Film:
    """A bulletin: a headline that changes seldom on a bar, a clock, a ticker, and captions above
    them.
    """
    half = seconds / 2
    marks = (
        Mark("新闻直播间", 0.04, 0.87, 0.045, panel=(170, 20, 20), outline=0),
        Mark("多地迎来返程高峰", 0.22, 0.87, 0.045, panel=(20, 40, 120), outline=0, end=half),
        Mark("科学家发现新的行星", 0.22, 0.87, 0.045, panel=(20, 40, 120), outline=0, start=half),
        Mark(NEWS + MORE_NEWS, 1.0, 0.935, 0.035, 1.0, 0.1, panel=(240, 240, 240),
             colour=(10, 10, 10), outline=0),
    )  # fmt: skip
    style = Style(size=0.055, bottom=0.14)
    return _film(
        lines.chinese(_rng(seed)), seed, seconds, style=style, marks=marks, ground="hand", grain=2
    )


def watermark(seed: int, seconds: float) -> Film:
    """A translucent mark and a station's logo beside the captions."""
    marks = (
        Mark("光影放映室", 0.8, 0.84, 0.045, 0.5),
        Mark("STAR TV", 0.04, 0.77, 0.05, 0.85, colour=(255, 120, 60)),
    )
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=Style(size=0.06), marks=marks)


def rapid(seed: int, seconds: float) -> Film:
    """Short lines, many alike, in quick succession."""
    words = lines.SHORT
    first = int(_rng(seed).integers(0, len(words)))
    texts = [*words[first:], *words[:first]] * 2
    return _film(
        texts, seed, seconds, style=Style(size=0.065), shortest=0.36, longest=0.8, pause=0.1
    )


def edits(seed: int, seconds: float) -> Film:
    """One character changes, nothing else, without a pause, on moving layers."""
    return _film(
        lines.edited(_rng(seed)), seed, seconds, style=Style(size=0.062), longest=1.6, pause=0.0
    )


def small(seed: int, seconds: float) -> Film:
    """Full HD with small captions."""
    style = Style(size=0.036, second_size=0.03, outline=1)
    texts = [*lines.chinese(_rng(seed))]
    return _film(texts, seed, seconds, style=style, size=FULL_HD, ground="hand")


def tiny(seed: int, seconds: float) -> Film:
    """180 lines, as an old film on the web."""
    style = Style(size=0.085, outline=2)
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=style, size=SMALL)


def bilingual(seed: int, seconds: float) -> Film:
    """Chinese with English below."""
    style = Style(size=0.06, second_size=0.042)
    return _film(lines.bilingual(_rng(seed)), seed, seconds, style=style)


def animation(seed: int, seconds: float) -> Film:
    """White captions over flat colours and dark contours."""
    return _film(lines.chinese(_rng(seed)), seed, seconds, style=Style(size=0.065), ground="flat")


def anime(seed: int, seconds: float) -> Film:
    """English over flat colours."""
    style = Style(size=0.055, outline=2, family="DejaVu Sans")
    return _film(lines.english(_rng(seed), width=36), seed, seconds, style=style, ground="flat")


_SIGNS = (
    Mark("北京西路", 0.1, 0.77, 0.08, panel=(20, 60, 160), outline=0, hand=0.03, end=7.0),
    Mark("出口 EXIT", 0.72, 0.8, 0.06, panel=(10, 110, 50), outline=0, hand=0.03, end=6.0),
    Mark("小心地滑", 0.05, 0.88, 0.05, panel=(240, 200, 30), colour=(20, 20, 20), outline=0,
         start=8.0, end=13.0),
    Mark("BROOKLYN 89", 0.65, 0.78, 0.09, colour=(230, 230, 230), outline=0, hand=0.05,
         start=9.0, end=16.0, panel=(120, 30, 40)),
    Mark("老王面馆", 0.75, 0.8, 0.07, panel=(150, 20, 20), colour=YELLOW, outline=0, start=17.0),
)  # fmt: skip


def signs(seed: int, seconds: float) -> Film:
    """Street signs and a shirt's print behind and beside the captions."""
    return _film(
        lines.chinese(_rng(seed)), seed, seconds,
        style=Style(size=0.06), marks=_SIGNS, ground="hand",
    )  # fmt: skip


def credits(seed: int, seconds: float) -> Film:
    """Names beside the captions at the beginning, rolling credits behind them at the end."""
    people = ("导演 李晓明", "编剧 王小红", "摄影 张大伟", "音乐 陈美", "剪辑 刘洋", "灯光 赵强",
              "美术 周敏", "录音 孙磊")  # fmt: skip
    rolling = tuple(
        Mark(name, 0.42, 1.0, 0.05, rise=0.11, start=seconds * 0.62 + 1.1 * number)
        for number, name in enumerate(people)
    )
    cards = tuple(
        Mark(name, 0.06, 0.78, 0.045, start=1.0 + 3 * number, end=3.5 + 3 * number)
        for number, name in enumerate(people[:3])
    )
    texts, rng = lines.chinese(_rng(seed)), np.random.default_rng(seed)
    return _film(
        texts, seed, seconds, style=Style(size=0.06), marks=(*cards, *rolling), ground="drift",
        cues=lines.timeline(texts, seconds * 0.6, rng),
    )  # fmt: skip


def nothing(seed: int, seconds: float) -> Film:
    """No captions: signs, a shirt and a logo."""
    logo = Mark("STAR TV", 0.45, 0.92, 0.05, 0.85)
    return _film((), seed, seconds, style=Style(), marks=(*_SIGNS, logo), ground="hand", cues=())


_RECIPES = (
    outline, yellow, box, fades, soft, vertical, disclaimer, ticker, news, watermark, rapid, edits,
    small, tiny, bilingual, animation, anime, signs, credits, nothing,
)  # fmt: skip
KINDS: dict[str, Recipe] = {recipe.__name__: recipe for recipe in _RECIPES}


def film_of(kind: str, seed: int, seconds: float) -> Film:
    """A film of a kind; films of the same seed and other kinds say other things."""
    return KINDS[kind](seed + zlib.crc32(kind.encode()) % 1000, seconds)
