"""Clips of highlights: named, timed and cut as the table says."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import NothingToDo
from media_pipeline.media.decode import decode
from media_pipeline.media.verify import verify_media
from media_pipeline.stages.highlights import RENDERED_CLIPS
from media_pipeline.stages.highlights.clips import Params
from media_pipeline.stages.tables import CLIPS, HIGHLIGHTS, check_table
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.video import ffmpeg, numbered, read_number, write_video

FPS = 25


def candidates(folder: Path, spans: list[tuple[float, float]]) -> artifacts.FolderArtifact:
    folder.mkdir()
    table = {
        "start": [a for a, _ in spans],
        "end": [b for _, b in spans],
        "score": [0.9 - 0.1 * i for i in range(len(spans))],
        "tags": [[] for _ in spans],
        "signals": [[("motion", 1.0)] for _ in spans],
    }
    pq.write_table(pa.table(table, schema=HIGHLIGHTS.schema), folder / "highlights.parquet")
    return artifacts.FolderArtifact(folder)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    write_video(folder / "picture.mp4", (numbered(i, 160, 90) for i in range(8 * FPS)))
    sine = ["-f", "lavfi", "-i", "sine=440:r=48000:d=8", "-c:v", "copy", "-c:a", "aac"]
    ffmpeg("-i", folder / "picture.mp4", *sine, folder / "film.mp4")
    return folder / "film.mp4"


def test_clips_have_the_frames_and_the_length_of_their_highlights(
    film: Path, tmp_path: Path
) -> None:
    spans = [(0.0, 2.0), (2.4, 5.18), (5.5, 8.0)]
    shares: list[float] = []
    made = artifacts.run_stage(
        RENDERED_CLIPS,
        film,
        tmp_path / "out",
        {"highlight_candidates": candidates(tmp_path / "c", spans)},
        progress=shares.append,
    )
    table = made.table("clips.parquet")
    assert all(f.passed for f in check_table(table, CLIPS, 8.0))
    rows = table.to_pylist()
    assert [r["file"] for r in rows] == ["clip_01.mp4", "clip_02.mp4", "clip_03.mp4"]
    assert [round(r["score"], 3) for r in rows] == [0.9, 0.8, 0.7]
    assert made.facts["clips"] == 3
    for row, (start, end) in zip(rows, spans, strict=True):
        assert made.facts["durations"][row["file"]] == row["duration"]
        assert abs(row["duration"] - (end - start)) <= 1 / FPS
        verify_media(made.path(row["file"]), duration=row["duration"])
        found = [read_number(f.luma) for f in decode(made.path(row["file"]))]
        assert found == list(range(int(start * FPS + 0.01), int(start * FPS + 0.01) + len(found)))
        assert len(found) == round(row["duration"] * FPS)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_quality_and_height_are_as_asked(film: Path, tmp_path: Path) -> None:
    given = {"highlight_candidates": candidates(tmp_path / "c", [(1.0, 3.0)])}
    fine = artifacts.run_stage(RENDERED_CLIPS, film, tmp_path / "a", given, Params(crf=10))
    coarse = artifacts.run_stage(
        RENDERED_CLIPS, film, tmp_path / "b", given, Params(crf=45, max_height=48)
    )
    assert fine.path("clip_01.mp4").stat().st_size > coarse.path("clip_01.mp4").stat().st_size
    video = verify_media(coarse.path("clip_01.mp4")).video
    assert video is not None
    assert video.height == 48


def test_sound_alone_becomes_m4a(film: Path, tmp_path: Path) -> None:
    ffmpeg("-i", film, "-vn", tmp_path / "sound.ogg")
    given = {"highlight_candidates": candidates(tmp_path / "c", [(1.0, 3.5)])}
    made = artifacts.run_stage(RENDERED_CLIPS, tmp_path / "sound.ogg", tmp_path / "out", given)
    info = verify_media(made.path("clip_01.m4a"), duration=2.5)
    assert info.video is None


def test_without_highlights_there_is_nothing_to_do(film: Path, tmp_path: Path) -> None:
    given = {"highlight_candidates": candidates(tmp_path / "c", [])}
    with pytest.raises(NothingToDo, match="stands out"):
        artifacts.run_stage(RENDERED_CLIPS, film, tmp_path / "out", given)


def test_the_reason_of_empty_candidates_is_passed_on(film: Path, tmp_path: Path) -> None:
    empty = artifacts.empty(tmp_path / "c", NothingToDo("nothing moves"), highlights=HIGHLIGHTS)
    with pytest.raises(NothingToDo, match="nothing moves"):
        artifacts.run_stage(RENDERED_CLIPS, film, tmp_path / "out", {"highlight_candidates": empty})
