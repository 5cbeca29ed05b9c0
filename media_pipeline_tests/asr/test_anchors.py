from __future__ import annotations

import math

import numpy as np
import pytest

from media_pipeline.asr.anchors import _agreements, find_anchors, language_model
from media_pipeline.asr.spoken import spoken
from media_pipeline_tests.generators.exact import sentences, tell
from media_pipeline_tests.generators.speech import needs_flite


@pytest.mark.slow
@needs_flite
def test_words_are_found_wherever_their_sentences_are() -> None:
    lines = sentences()[:4]
    told = tell(lines)
    text = " ".join([*lines[2:], *lines[:1]]).split()  # only the part in the order of the sound
    shares: list[float] = []
    found = find_anchors(told.samples, [(0, told.duration)], spoken(text), progress=shares.append)
    assert shares == [1.0]
    truth = [word for words in told.words[2:] for word in words]
    pairs = [(f, t) for f, t in zip(found, truth, strict=False) if f is not None]
    assert len(pairs) >= 0.9 * len(truth)
    assert np.median([abs(f.start - t.start) for f, t in pairs]) < 0.05
    assert all(f.score > 0.25 for f, _ in pairs)
    assert found[len(truth) :] == [None] * len(lines[0].split())


@pytest.mark.slow
@needs_flite
def test_a_token_of_several_words_is_all_of_them() -> None:
    """Twenty alone would be the wrong place for twenty-seven."""
    told = tell(["We counted twenty boxes and then another seven boxes in the old market."])
    text = "We counted 27 boxes and then another seven boxes in the old market.".split()  # noqa: SIM905
    found = find_anchors(told.samples, [(0, told.duration)], spoken(text))
    assert [token for token, hit in zip(text, found, strict=True) if hit is None] == ["27"]


def test_without_words_nothing_is_found() -> None:
    assert find_anchors(np.zeros(1600, np.float32), [], [[], []]) == [None, None]


def test_what_follows_in_the_text_is_likely() -> None:
    model = language_model("the old man saw the sea".split())  # noqa: SIM905
    ones = {row.split()[1]: row.split() for row in _section(model, 1)}
    twos = {tuple(row.split()[1:]): float(row.split()[0]) for row in _section(model, 2)}
    assert set(ones) == {"<s>", "</s>", "the", "old", "man", "saw", "sea"}
    assert 10 ** twos["the", "old"] == pytest.approx(0.4, abs=1e-3)
    for word, after in (("the", {"old", "sea"}), ("man", {"saw"})):
        others = sum(10 ** float(ones[w][0]) for w in ones if w not in after and w != "<s>")
        backed = others * 10 ** float(ones[word][2])
        total = sum(10 ** twos[word, w] for w in after) + backed
        assert total == pytest.approx(1.0, abs=0.01)
    assert math.isclose(10 ** float(ones["</s>"][0]), 0.1, abs_tol=1e-3)


def _section(model: str, order: int) -> list[str]:
    part = model.split(f"\\{order}-grams:")[1]
    return [row for row in part.split("\\")[0].splitlines() if row.strip()]


def test_lone_agreements_are_chance() -> None:
    text = "a b c d e f g h".split()  # noqa: SIM905
    assert _agreements(["a", "b", "x", "c", "d"], text) == [(0, 0), (1, 1), (3, 2), (4, 3)]
    assert _agreements(["h", "x", "y"], text) == []
