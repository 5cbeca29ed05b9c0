"""Previews of every kind of asset, and the views of a film that they are drawn from."""

from __future__ import annotations

import io
import json
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import media_pipeline.report.preview as preview_module
from media_pipeline.report.film import Film as View
from media_pipeline.report.preview import preview
from media_pipeline.report.stills import stills
from media_pipeline.stages.pairs import write_pair
from media_pipeline_tests.generators.artifacts import FolderArtifact
from media_pipeline_tests.generators.lakes import (
    CUES,
    DURATION,
    HIGHLIGHTS,
    WORDS,
    Film,
    make_film,
    write_video,
)

PICTURES = {
    "frames": {"shots"},
    "ocr_cues": {"cues"},
    "captions": {"cues", "timeline"},
    "audio": {"sound"},
    "transcript": {"speech"},
    "words": {"words"},
    "speech_subtitles": {"timeline"},
    "caption_speech": {"timeline", "cues"},
    "highlight_candidates": {"highlights", "timeline", "signals"},
    "rendered_clips": {"clips", *(f"clip_{i + 1:02d}.mp4" for i in range(len(HIGHLIGHTS)))},
}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(tmp_path_factory.mktemp("lake"))


@pytest.mark.slow
def test_every_asset_has_its_pictures_and_rows(film: Film) -> None:
    for artifact in film.artifacts.values():  # imports, caches of fonts
        preview(artifact, film.store)
    for asset, artifact in film.artifacts.items():
        began = time.process_time()
        shown = preview(artifact, film.store)
        assert time.process_time() - began < 2.0, asset
        assert set(shown.images) == PICTURES.get(asset, set()), asset
        for data in shown.images.values():
            assert len(data) < 200_000
            seen = Image.open(io.BytesIO(data)).convert("RGB")
            assert seen.width <= 1160  # what Dagster has room for
            assert np.asarray(seen).std() > 3
        json.dumps(shown.table)
        assert len(shown.table) <= 10
        assert len({tuple(row) for row in shown.table}) <= 1
        assert all(value is not None for row in shown.table for value in row.values())


def test_rows_are_those_of_the_table(film: Film) -> None:
    rows = preview(film.artifacts["captions"], film.store).table
    assert [row["text"] for row in rows] == [cue.text for cue in CUES]
    rows = preview(film.artifacts["highlight_candidates"], film.store).table
    assert [row["start"] for row in rows] == [h[0] for h in HIGHLIGHTS]
    assert rows[1]["tags"] == "FastCut, Motion"


def test_an_empty_artifact_has_no_pictures(film: Film) -> None:
    shown = preview(film.artifacts["captioned_video"], film.store)
    assert shown.images == {}


def test_a_film_is_seen_through_its_artifacts(film: Film) -> None:
    view = View(film.artifacts)
    assert view.duration == DURATION
    assert [(c.start, c.end, c.text) for c in view.cues] == [(c.start, c.end, c.text) for c in CUES]
    assert [path and path.name for path in view.crops] == [
        f"crop_{i:04d}.jpg" for i in range(1, len(CUES) + 1)
    ]
    assert [w.word for w in view.words] == [w.word for w in WORDS]
    assert [(h.start, h.end) for h in view.highlights] == [h[:2] for h in HIGHLIGHTS]
    assert dict(view.highlights[0].signals) == {"loudness": 1.5, "motion": 0.25}
    assert len(view.shots) == 8
    assert all(shot.thumbnail and shot.thumbnail.is_file() for shot in view.shots)
    assert len(view.sound) == DURATION * 16000


def test_a_film_without_artifacts_is_empty() -> None:
    view = View({})
    assert (view.cues, view.words, view.highlights, view.shots, view.curve) == (
        [],
        [],
        [],
        [],
        None,
    )
    assert view.duration == 1.0
    assert len(view.sound) == 0


def test_a_long_sound_is_looked_at_in_places(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        for level in (0, 1000, 20000):
            file.writeframes(np.full(2_000_000, level, "<i2").tobytes())

    class Audio:
        def files(self, pattern: str) -> list[Path]:
            return [path]

    sound = View({"audio": Audio()}).sound  # type: ignore[dict-item]
    assert len(sound) < 1_000_000
    thirds = np.array_split(sound, 3)
    assert [round(float(np.median(third)), 2) for third in thirds] == [0.0, 0.03, 0.61]


def test_stills_are_spread_over_the_film(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", seconds=30.0)
    found = stills(tmp_path / "film.mp4", 3)
    assert [image.size for image, _ in found] == [(360, 202)] * len(found)
    times = [time for _, time in found]
    assert len(times) >= 2
    assert times == sorted(set(times))
    (tmp_path / "text.mp4").write_text("no film")
    assert stills(tmp_path / "text.mp4", 3) == []


@dataclass(frozen=True)
class _Portrait(FolderArtifact):
    asset: str = "portrait"
    media_key: str = "film-0123456789"
    manifest: Any = field(default_factory=lambda: SimpleNamespace(inputs={}, files=()))


def test_pictures_of_before_and_after_are_shown_with_their_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for time_s in (3.125, 3725.5):
        write_pair(*np.full((2, 90, 160, 3), 99, np.uint8), time_s, tmp_path)
    labels = list[str]()
    sheet = preview_module.frame_sheet

    def noted(frames: list[tuple[Path, str]], *, columns: int, width: int) -> bytes:
        labels.extend(label for _, label in frames)
        return sheet(frames, columns=columns, width=width)

    monkeypatch.setattr(preview_module, "frame_sheet", noted)
    shown = preview(_Portrait(tmp_path), {})  # type: ignore[arg-type]  # it was made from nothing
    assert labels == ["00:00:03.125", "01:02:05.500"]
    assert Image.open(io.BytesIO(shown.images["before and after"])).width == 736
