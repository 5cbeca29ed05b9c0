from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from media_pipeline.errors import NoSpeech
from media_pipeline.stages.speech import SPEECH_SUBTITLES
from media_pipeline.stages.speech.subtitles import Params
from media_pipeline.stages.tables import TRANSCRIPT, WORDS
from media_pipeline.text.cues import Word, words_to_table
from media_pipeline.text.formats import read_cues
from media_pipeline.text.scripts import tokens
from media_pipeline_tests.generators.speech import Film, Made, film, silence

TEXT = "The train was late again. We waited, as we always did, in the cold hall of the station."


def _film(folder: Path, text: str, language: str, pace: float = 0.3) -> Film:
    made = film(folder, silence(60))
    words = [
        Word(1 + pace * i, 1 + pace * (i + 0.9), t, 0.8, "x") for i, t in enumerate(tokens(text))
    ]
    for name in ("words", "transcript"):
        (folder / name).mkdir()
    table = words_to_table(words, WORDS.schema, cue=[0] * len(words))
    pq.write_table(table, folder / "words" / "words.parquet")
    row = {"start": [1.0], "end": [50.0], "text": [text], "confidence": [1.0],
           "language": [language]}  # fmt: skip
    pq.write_table(pa.table(row, schema=TRANSCRIPT.schema), folder / "words" / "segments.parquet")
    made.made["words"] = Made(folder / "words")
    made.made["transcript"] = Made(folder / "transcript", {"language": language})
    return made


def test_every_format_holds_the_same_cues(tmp_path: Path) -> None:
    made = _film(tmp_path, TEXT, "en")
    outcome = made.run(SPEECH_SUBTITLES)
    out = made.made["speech_subtitles"]
    names = {p.name for p in out.files()}
    assert names == {"cues.parquet"} | {
        f"speech.{s}" for s in ("srt", "vtt", "ass", "ttml", "json", "words.json", "asr.json")
    }
    table = out.table("cues.parquet").to_pylist()
    assert len(table) == outcome.facts["cues"] == 2
    for suffix in ("srt", "vtt", "ass", "ttml", "json"):
        cues = read_cues(out.path(f"speech.{suffix}"))
        assert [c.text for c in cues] == [row["text"] for row in table]
        assert [c.start for c in cues] == pytest.approx([r["start"] for r in table], abs=0.011)
    assert "The train was late again." in out.path("speech.ttml").read_text()
    data = json.loads(out.path("speech.json").read_text())
    assert [w["word"] for cue in data["cues"] for w in cue["words"]] == tokens(TEXT)
    assert {"word", "start", "end", "score", "source"} == set(data["cues"][0]["words"][0])


def test_only_the_formats_asked_for_are_written(tmp_path: Path) -> None:
    made = _film(tmp_path, TEXT, "en")
    made.run(SPEECH_SUBTITLES, formats=["vtt", "srt", "vtt"])
    names = [p.name for p in made.made["speech_subtitles"].files("speech.*")]
    assert names == ["speech.srt", "speech.vtt"]


def test_the_language_and_the_parameters_set_the_rules(tmp_path: Path) -> None:
    chinese = "今天天气不错，我们去公园吧，然后再去看电影，好不好？我觉得很好，走吧。"
    made = _film(tmp_path / "a", chinese, "zh", 0.2)
    made.run(SPEECH_SUBTITLES, formats=["srt"])
    rows = made.made["speech_subtitles"].table("cues.parquet")["text"].to_pylist()
    assert all(len(line) <= 16 for text in rows for line in text.split("\n"))
    made = _film(tmp_path / "b", TEXT, "en")
    made.run(SPEECH_SUBTITLES, formats=["srt"], columns=20, lines=1)
    rows = made.made["speech_subtitles"].table("cues.parquet")["text"].to_pylist()
    assert all("\n" not in text and len(text) <= 20 for text in rows)


def test_fast_speech_is_counted_and_warned_of(tmp_path: Path) -> None:
    made = _film(tmp_path, TEXT, "en", 0.05)
    outcome = made.run(SPEECH_SUBTITLES)
    assert outcome.facts["too_fast"] > 0
    assert "too fast" in outcome.warnings[0]


def test_spaces_between_chinese_phrases_stay_and_are_good_breaks(tmp_path: Path) -> None:
    made = _film(tmp_path, "这句话当时也是红遍网络 被各种段子模仿 OK了", "zh", 0.25)
    made.run(SPEECH_SUBTITLES, formats=["srt", "json"])
    rows = made.made["speech_subtitles"].table("cues.parquet")["text"].to_pylist()
    assert rows == ["这句话当时也是红遍网络\n被各种段子模仿OK了"]
    data = json.loads(made.made["speech_subtitles"].path("speech.json").read_text())
    assert all(w["word"] == w["word"].strip() for cue in data["cues"] for w in cue["words"])


def test_no_words_are_no_speech(tmp_path: Path) -> None:
    made = _film(tmp_path, "", "en")
    with pytest.raises(NoSpeech):
        made.run(SPEECH_SUBTITLES)


@pytest.mark.parametrize(
    "wrong",
    [{"formats": []}, {"formats": ["doc"]}, {"columns": 2}, {"lines": 0}, {"speed": -1}, {"x": 1}],
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Params(**wrong)
