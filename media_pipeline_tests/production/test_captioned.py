"""Captions of a film on a clip of it: those inside, at the times of the clip."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from media_pipeline.media.cut import cut
from media_pipeline.media.decode import frame_at
from media_pipeline.production import captioned
from media_pipeline.production.captioned import drawer, shifted
from media_pipeline.text.cues import Cue
from media_pipeline.text.pieces import Caption, Piece
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.video import ffmpeg


def test_captions_are_moved_and_cut_to_the_clip() -> None:
    words = (Piece("one", 1.0, 2.0), Piece("two", 2.0, 3.0))
    film = [Caption(1.0, 3.0, words, timed=True), Caption(8.0, 9.0, (Piece("no", 8.0, 9.0),))]
    (found,) = shifted(film, 1.5, 7.0)
    assert (found.start, found.end, found.timed) == (0.0, 1.5, True)
    assert [(p.text, p.start, p.end) for p in found.pieces] == [
        ("one", 0.0, 0.5),
        ("two", 0.5, 1.5),
    ]
    assert shifted(film, 3.0, 8.0) == []


@pytest.mark.parametrize("origin", ["embedded", "ocr"])
def test_text_is_drawn_at_its_time_unless_the_picture_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    film = tmp_path / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "color=gray:s=320x180:r=25:d=6", "-c:v", "libx264", "-g", "25", film
    )
    canonical = artifacts.captions(tmp_path / "captions", [Cue(3.0, 4.0, "Hello there")], origin)
    folder = artifacts.FolderArtifact(canonical.folder, {"source": origin})
    given = {"captions": folder, "words": folder, "speech_subtitles": folder}
    monkeypatch.setattr(captioned, "said", lambda cues, *_: [Caption(3.0, 4.0, TEXT)])
    told: list[str] = []
    runner: Any = SimpleNamespace(
        request=lambda _key, name: given[name],
        store=SimpleNamespace(media=SimpleNamespace(get=lambda _k: SimpleNamespace(name="film"))),
    )
    job: Any = SimpleNamespace(runner=runner, key="k", note=told.append)
    draw = drawer(job, "classic")
    if origin == "ocr":
        assert draw is None
        assert "already" in told[0]
        return
    clip = tmp_path / "clip.mp4"
    cut(film, clip, 2.0, 5.0, copy=True)
    assert draw is not None
    draw(clip, 2.0, 5.0)
    written = [np.ptp(frame_at(clip, at).astype(int)) > 60 for at in (0.5, 1.5, 2.5)]
    assert written == [False, True, False]


TEXT = (Piece("Hello", 3.0, 4.0), Piece("there", 3.0, 4.0))
