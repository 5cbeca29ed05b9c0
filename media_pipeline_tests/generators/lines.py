"""What people say in the generated films: our own lines in Chinese and English, and when."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np

from media_pipeline.text.cues import Cue

PAIRS = (
    ("你昨天晚上去了哪里？", "Where were you last night?"),
    ("我在公司加班，到十二点才走", "I was working late. I left at midnight."),
    ("别骗我了", "Don't lie to me."),
    ("我给你老板打过电话", "I called your boss an hour ago."),
    ("他说你六点就下班了", "He said you left at six."),
    ("好吧 我告诉你实话", "All right, I'll tell you the truth."),
    ("我见了一个人", "I met someone."),
    ("一个很久以前认识的人", "Someone I knew a long time ago."),
    ("谁？", "Who?"),
    ("你不认识她", "You don't know her."),
    ("可是我记得她的名字", "But I remember her name."),
    ("都过去十年了……", "Ten years have passed..."),
    ("十年了你还记得她的生日", "Ten years, and you still know her birthday."),
    ("快跑 他们追上来了", "Run, they're catching up!"),
    ("这是第10号实验室", "This is laboratory number 10."),
    ("没有人能离开这里", "No one can leave this place."),
    ("除非拿到那把钥匙", "Unless we get hold of the key."),
    ("钥匙在三楼的保险箱里", "The key is in the safe on the third floor."),
    ("密码是多少？", "What's the code?"),
    ("7 3 0 5", "7 3 0 5"),
    ("等一下，有人来了", "Wait, someone's coming."),
    ("把灯关掉！", "Turn off the light!"),
    ("我们没有时间了", "We're out of time."),
    ("你先走，我来挡住他们", "You go first. I'll hold them off."),
    ("我不会丢下你的", "I'm not leaving you behind."),
    ("听我说 这不是你的错", "Listen to me, it's not your fault."),
    ("一切都会好起来的", "Everything is going to be fine."),
    ("妈妈做的饭最好吃", "Nobody cooks like my mother."),
    ("今天是几月几号？", "What's the date today?"),
    ("八月十五，中秋节", "The fifteenth of August."),
    ("王先生 请这边走", "This way, Mr. Wang, please."),
    ("您的房间在2018号", "Your room is number 2018."),
    ("谢谢，麻烦你了", "Thank you for your trouble."),
    ("这里的风景真美", "The view from here is wonderful."),
    ("要是能一直住在这里就好了", "If only we could live here forever."),
    ("想得美", "In your dreams."),
    ("嗯", "Hm."),
    ("走吧", "Let's go."),
    ("火车八点半开", "The train leaves at 8:30."),
    ("还有二十分钟", "We've got twenty minutes."),
    ("来得及吗？", "Will we make it?"),
    ("打车去就来得及", "We will if we take a taxi."),
    ("师傅，去北京西站", "To the station, please, and hurry."),
    ("前面堵车了", "There's a traffic jam ahead."),
    ("那我们只能跑过去了", "Then we'll have to walk the rest."),
    ("你疯了吗？三公里呢！", "Are you crazy? It's two miles!"),
    ("一，二，三，跑！", "One, two, three, go!"),
    ("我就知道你能做到", "I knew you could do it."),
    ("票呢？", "Where are the tickets?"),
    ("不是在你那儿吗", "I thought you had them."),
    ("她从来没有说过一句谎话", "She has never told a single lie."),
    ("这封信是写给你的", "This letter is for you."),
    ("我可以打开看看吗", "May I open it?"),
    ("亲爱的小明：", "My dear friend,"),
    ("当你读到这封信的时候", "By the time you read this letter,"),
    ("我已经离开这座城市了", "I'll be gone from this city."),
    ("请不要来找我", "Please don't come looking for me."),
    ("我会永远记得那个夏天", "I'll always remember that summer."),
)
"""A line and its translation."""

EDITS = (
    ("他今天会来", "他明天会来"),
    ("我不认识他", "我不认识她"),
    ("第六号房间", "第八号房间"),
    ("现在是三点钟", "现在是五点钟"),
    ("你要大的吗", "你要太的吗"),
    ("他们已经走了", "她们已经走了"),
    ("一共是120元", "一共是170元"),
    ("我想去北京", "我想去南京"),
    ("这是左边的门", "这是右边的门"),
    ("再等一分钟", "再等十分钟"),
)
"""Lines that differ in one character."""

SHORT = (
    "快", "快点", "快走", "走", "走吧", "快走啊", "不", "不行", "不行！", "我说不行", "你说",
    "你说什么", "什么", "为什么", "没什么", "好", "好的", "好吧", "再见", "再见了",
)  # fmt: skip
"""Short lines, many alike."""


def timeline(
    texts: Sequence[str],
    seconds: float,
    rng: np.random.Generator,
    *,
    shortest: float = 0.8,
    longest: float = 2.8,
    pause: float = 0.4,
) -> list[Cue]:
    """The texts one after the other: on screen for as long as they take to read, then half of them
    replaced at once or after three frames at most, the others followed by a pause.

    Parameters
    ----------
    shortest, longest : seconds of one cue.
    pause : share of cues that are followed by more than a moment without text.
    """
    cues: list[Cue] = []
    now = float(rng.uniform(0.2, 0.8))
    for text in texts:
        reading = 0.5 + 0.14 * len(text) if not text.isascii() else 0.6 + 0.05 * len(text)
        length = float(np.clip(reading * rng.uniform(0.8, 1.3), shortest, longest))
        if now + length > seconds - 0.2:
            break
        cues.append(Cue(now, now + length, text))
        gap = rng.uniform(0.3, 1.4) if rng.random() < pause else rng.choice([0, 0, 0.04, 0.12])
        now += length + float(gap)
    return cues


def chinese(rng: np.random.Generator) -> list[str]:
    """The lines in Chinese, from one of them on."""
    return _from_somewhere([line for line, _ in PAIRS], rng)


def english(rng: np.random.Generator, *, width: int = 0) -> list[str]:
    """The lines in English, from one of them on; with a width, pairs of them broken into rows of at
    most so many letters.
    """
    lines = _from_somewhere([line for _, line in PAIRS], rng)
    if not width:
        return lines
    longer: list[str] = []
    while lines:
        taken = 1 if rng.random() < 0.3 else 2
        longer.append("\n".join(textwrap.wrap(" ".join(lines[:taken]), width)))
        del lines[:taken]
    return longer


def bilingual(rng: np.random.Generator) -> list[str]:
    """Each line in Chinese with its translation below, from one of them on."""
    return _from_somewhere([f"{line}\n{translation}" for line, translation in PAIRS], rng)


def edited(rng: np.random.Generator) -> list[str]:
    """Lines of which every second one differs from the one before in one character."""
    order = rng.permutation(len(EDITS))
    return [text for i in order for text in EDITS[i]]


def _from_somewhere(lines: list[str], rng: np.random.Generator) -> list[str]:
    first = int(rng.integers(0, len(lines)))
    return lines[first:] + lines[:first]
