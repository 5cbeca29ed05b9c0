"""Which captions are the canonical ones."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import InvalidParameter, NoCaptionsFound
from media_pipeline.media.geometry import Box
from media_pipeline.stages.captions import CAPTIONS, choose_captions, human_captions
from media_pipeline.stages.captions.canonical import Params
from media_pipeline.stages.tables import CAPTIONS as SPEC
from media_pipeline.stages.tables import EMBEDDED_CUES, OCR_CUES, check_table
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.artifacts import FolderArtifact, empty, ocr_cues, run_stage

BOX = Box(0.2, 0.8, 0.6, 0.1)
READ = [Cue(0.5, 1.0, "你好", 0.9, BOX), Cue(1.2, 1.9, "再见", 0.8, BOX)]
DURATION = 2.0


def embedded(*rows: tuple[float, float, str, int, str | None]) -> pa.Table:
    names = EMBEDDED_CUES.schema.names
    records = [dict(zip(names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(records, schema=EMBEDDED_CUES.schema)


CHINESE = [(0.4, 1.0, "你好。", 2, "chi"), (1.2, 1.9, "再见。", 2, "chi")]
ENGLISH = [
    (0.4, 1.0, "Hello.", 3, "eng"),
    (1.2, 1.5, "Good", 3, "eng"),
    (1.5, 1.9, "bye.", 3, "eng"),
]


def test_a_subtitle_stream_goes_before_what_was_read() -> None:
    choice = choose_captions(embedded(*CHINESE), READ, DURATION)
    assert (choice.source, choice.stream) == ("embedded", 2)
    assert [cue.text for cue in choice.cues] == ["你好。", "再见。"]
    assert "stream 2 (zh)" in choice.why


def test_its_cues_stand_where_the_picture_has_them() -> None:
    choice = choose_captions(embedded(*CHINESE), [READ[0]], DURATION)
    assert [cue.box for cue in choice.cues] == [BOX, None]


def test_of_several_streams_the_wanted_language_counts_then_the_number_of_cues() -> None:
    table = embedded(*CHINESE, *ENGLISH)
    assert choose_captions(table, READ, DURATION).stream == 3
    assert choose_captions(table, READ, DURATION, Params(language="zh")).stream == 2
    assert choose_captions(table, READ, DURATION, Params(stream=2)).stream == 2


def test_a_stream_in_another_language_gives_way_to_what_was_read() -> None:
    wanted = Params(language="fr")
    assert choose_captions(embedded(*CHINESE), READ, DURATION, wanted).source == "ocr"
    assert choose_captions(embedded(*CHINESE), [], DURATION, wanted).source == "embedded"


def test_the_language_of_an_untagged_stream_is_seen_from_its_script() -> None:
    untagged = embedded(*[(*row[:4], None) for row in CHINESE], *ENGLISH)
    assert choose_captions(untagged, READ, DURATION, Params(language="zh")).stream == 2


def test_streams_can_be_left_out() -> None:
    choice = choose_captions(embedded(*CHINESE), READ, DURATION, Params(embedded=False))
    assert (choice.source, choice.stream, choice.cues) == ("ocr", None, READ)


def test_a_stream_of_another_film_is_ignored_and_a_late_end_is_cut() -> None:
    foreign = [(100.0 + i, 101.0 + i, "elsewhere", 2, "eng") for i in range(5)]
    assert choose_captions(embedded(*foreign), READ, DURATION).source == "ocr"
    late = embedded((0.5, 3600.0, "all the time", 2, "eng"))
    assert [cue.end for cue in choose_captions(late, READ, DURATION).cues] == [DURATION]


def test_blank_and_reversed_cues_do_not_count() -> None:
    broken = embedded((0.5, 1.0, "  ", 2, None), (1.5, 1.2, "backwards", 2, None))
    assert choose_captions(broken, READ, DURATION).source == "ocr"


def test_a_stream_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidParameter, match=r"stream is 7, .* are: 2, 3"):
        choose_captions(embedded(*CHINESE, *ENGLISH), READ, DURATION, Params(stream=7))


def test_a_persons_captions_are_sorted_sure_and_placed() -> None:
    table = human_captions([Cue(1.2, 1.9, "再会"), Cue(0.5, 1.0, "您好", 0.3)], READ)
    assert table["text"].to_pylist() == ["您好", "再会"]
    assert set(table["source"].to_pylist()) == {"human"}
    assert set(table["confidence"].to_pylist()) == {1.0}
    assert table["x"].to_pylist() == [BOX.x, BOX.x]
    assert all(finding.passed for finding in check_table(table, SPEC, DURATION))


# --- the stage ----------------------------------------------------------------------------------


def source(folder: Path, table: pa.Table) -> FolderArtifact:
    folder.mkdir()
    pq.write_table(table, folder / "embedded_cues.parquet")
    return FolderArtifact(folder)


def test_the_stage_publishes_what_was_read_when_there_is_nothing_else(
    clip: Path, tmp_path: Path
) -> None:
    inputs = {
        "source": source(tmp_path / "s", embedded()),
        "ocr_cues": ocr_cues(tmp_path / "o", READ),
    }
    made = run_stage(CAPTIONS, clip, tmp_path / "out", inputs)
    table = made.table("captions.parquet")
    assert table["text"].to_pylist() == ["你好", "再见"]
    assert table["source"].to_pylist() == ["ocr", "ocr"]
    assert all(finding.passed for finding in check_table(table, SPEC, DURATION))
    assert (made.facts["source"], made.facts["cues"], made.facts["stream"]) == ("ocr", 2, None)


def test_a_stream_serves_a_film_whose_picture_has_no_captions(clip: Path, tmp_path: Path) -> None:
    none = empty(tmp_path / "o", NoCaptionsFound("nothing was found"), cues=OCR_CUES)
    inputs = {"source": source(tmp_path / "s", embedded(*CHINESE)), "ocr_cues": none}
    made = run_stage(CAPTIONS, clip, tmp_path / "out", inputs)
    assert made.facts["source"] == "embedded"
    assert made.table("captions.parquet").num_rows == 2


def test_without_either_the_reason_of_the_reading_is_given(clip: Path, tmp_path: Path) -> None:
    none = empty(
        tmp_path / "o", NoCaptionsFound("nothing was found", "try another roi"), cues=OCR_CUES
    )
    inputs = {"source": source(tmp_path / "s", embedded()), "ocr_cues": none}
    with pytest.raises(NoCaptionsFound, match="nothing was found: try another roi"):
        run_stage(CAPTIONS, clip, tmp_path / "out", inputs)
    assert not list((tmp_path / "out").iterdir())
