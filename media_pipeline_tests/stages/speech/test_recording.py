"""A real recording with its text known, from the sound to every file that is written."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pysubs2
import pytest
from ttconv.imsc.reader import to_model
from ttconv.model import P

from media_pipeline.asr.align import ALIGNED
from media_pipeline.media.audio import read_audio
from media_pipeline.stages.speech import LANGUAGE, SPEECH_SUBTITLES, TRANSCRIPT, WORDS
from media_pipeline.text.formats import read_cues
from media_pipeline.text.lint import lint_cues
from media_pipeline.text.rules import rules_for
from media_pipeline_tests.generators.speech import Film, film, onsets

RECORDINGS = Path(__file__).parents[4] / "shared/media/speech"
JFK = RECORDINGS / "jfk.flac"
TEXT = (
    "And so, my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
)
NOTICE = (
    "We will not be held responsible for any hearing impairments or damage caused to you "
    "from excessive exposure to this sound."
)
AFTER_PAUSES = (0, 5, 6, 7, 14)
"""Words that begin after a pause: And, ask, not, what, ask. Energy alone tells when."""

pytestmark = pytest.mark.skipif(not JFK.is_file(), reason="the shared recording jfk.flac is absent")


@pytest.fixture(scope="module")
def subtitled(tmp_path_factory: pytest.TempPathFactory) -> Film:
    made = film(tmp_path_factory.mktemp("jfk") / "film", read_audio(JFK), tag="eng")
    made.run(LANGUAGE)
    made.run(TRANSCRIPT, script=TEXT)
    made.run(WORDS)
    made.run(SPEECH_SUBTITLES)
    return made


def test_every_word_of_the_script_is_in_its_place(subtitled: Film) -> None:
    words = subtitled.made["words"].table("words.parquet").to_pylist()
    assert [w["word"] for w in words] == TEXT.split()
    assert {w["source"] for w in words} == {ALIGNED}
    # The ground of the recording is 30 dB below its speech.
    began = onsets(read_audio(JFK), least_gap_s=0.25, depth_db=25)
    assert [words[i]["start"] for i in AFTER_PAUSES] == pytest.approx(began, abs=0.1)


def test_every_file_opens_elsewhere_without_loss(subtitled: Film) -> None:
    out = subtitled.made["speech_subtitles"]
    cues = read_cues(out.path("speech.json"))
    assert " ".join(" ".join(c.text.split()) for c in cues) == TEXT
    times = [(c.start, c.end) for c in cues]
    for suffix in ("srt", "vtt", "ass"):
        events = pysubs2.load(str(out.path(f"speech.{suffix}")))
        assert [e.plaintext for e in events] == [c.text for c in cues]
        assert [e.start / 1000 for e in events] == pytest.approx([a for a, _ in times], abs=0.006)
        assert [e.end / 1000 for e in events] == pytest.approx([b for _, b in times], abs=0.006)
    document = to_model(ElementTree.parse(out.path("speech.ttml")))
    assert document is not None
    shown = [e for e in document.get_body().dfs_iterator() if isinstance(e, P)]
    assert [float(e.get_begin()) for e in shown] == pytest.approx([a for a, _ in times], abs=0.001)
    assert [float(e.get_end()) for e in shown] == pytest.approx([b for _, b in times], abs=0.001)


def test_the_subtitles_break_no_rule(subtitled: Film) -> None:
    cues = read_cues(subtitled.made["speech_subtitles"].path("speech.srt"))
    assert lint_cues(cues, rules_for("en")) == []


def test_words_are_in_the_same_place_under_noise_as_loud_as_the_voice(tmp_path: Path) -> None:
    starts = []
    for name in ("dfn_clean", "dfn_noisy0"):
        made = film(tmp_path / name, read_audio(RECORDINGS / f"{name}.wav"), tag="eng")
        made.run(LANGUAGE)
        made.run(TRANSCRIPT, script=NOTICE)
        made.run(WORDS)
        words = made.made["words"].table("words.parquet").to_pylist()
        assert [w["word"] for w in words] == NOTICE.split()
        assert {w["source"] for w in words} == {ALIGNED}
        starts.append([w["start"] for w in words])
    apart = np.abs(np.subtract(*starts))
    assert np.median(apart) < 0.03
    assert apart.max() < 0.2
