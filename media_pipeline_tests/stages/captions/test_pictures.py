"""Pictures of subtitle streams as text, in the looks that discs and broadcasts have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.media.subtitles import SubtitlePicture, subtitle_pictures
from media_pipeline.ocr.base import Picture, Reading, TextBox, load_engine
from media_pipeline.stages.base import Environment, Work
from media_pipeline.stages.captions import CAPTIONS
from media_pipeline.stages.captions.canonical import Params
from media_pipeline.stages.captions.pictures import read_pictures
from media_pipeline.stages.tables import EMBEDDED_CUES, OCR_CUES
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.artifacts import FolderArtifact
from media_pipeline_tests.generators.subtitles import Track, add_subtitles

TEXTS = [
    "我给你老板打过电话，他说你六点就走了",
    "好的。\nAll right, I'll tell you.",
    "It costs $3.50, not $3.80!",
]


class Engine:
    """Says the same of every picture, with one confidence."""

    name = "rapidocr"

    def __init__(self, text: str, confidence: float) -> None:
        self._reading = Reading(text, confidence)

    def detect(self, picture: Picture) -> list[TextBox]:
        return []

    def recognise(self, pictures: Sequence[Picture]) -> list[Reading]:
        return [self._reading] * len(pictures)


def shown(start: float = 1.0) -> SubtitlePicture:
    return SubtitlePicture(start, start + 1.0, (np.full((30, 90), 255, np.uint8),))


@pytest.mark.parametrize("codec", ["pgs", "dvdsub"])
def test_narrow_letters_and_two_scripts_are_read(clip: Path, tmp_path: Path, codec: str) -> None:
    cues = [Cue(0.2 + 0.6 * i, 0.7 + 0.6 * i, text) for i, text in enumerate(TEXTS)]
    film = add_subtitles(clip, tmp_path / "film.mkv", [Track(cues, codec)])
    engine = load_engine("rapidocr", Environment())
    assert [c.text for c in read_pictures(subtitle_pictures(film, 2, 2.0), engine)] == TEXTS


def test_a_picture_is_as_sure_as_its_rows() -> None:
    (cue,) = read_pictures([shown()], Engine("你好", 0.97))
    assert (cue.start, cue.end, cue.text, cue.doubtful) == (1.0, 2.0, "你好", False)
    (cue,) = read_pictures([shown()], Engine("你好", 0.4))
    assert (cue.doubtful, cue.confidence) == (True, pytest.approx(0.4))
    (cue,) = read_pictures([shown()], Engine("", 0.0))
    assert (cue.text, cue.confidence) == ("", 0.0)


def test_what_was_not_read_or_hardly_is_told(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    from media_pipeline.media.probe import probe

    film = add_subtitles(clip, tmp_path / "film.mkv", [Track([Cue(0.2, 1, "你好")], "pgs")])
    inputs = {}
    for asset, name, spec in (
        ("source", "embedded_cues.parquet", EMBEDDED_CUES),
        ("ocr_cues", "cues.parquet", OCR_CUES),
    ):
        (tmp_path / asset).mkdir()
        pq.write_table(spec.empty(), tmp_path / asset / name)
        inputs[asset] = FolderArtifact(tmp_path / asset)

    def warnings(*cues: Cue) -> Sequence[str]:
        monkeypatch.setattr(
            "media_pipeline.stages.captions.canonical.read_pictures", lambda *_: iter(cues)
        )
        work = Work(film, probe(film), inputs, Params(), tmp_path, Environment())
        return CAPTIONS.run(work).warnings

    good, faint = Cue(0.2, 1.0, "你好"), Cue(1.2, 1.5, "再见", 0.3, doubtful=True)
    assert warnings(good) == []
    assert warnings(good, faint, Cue(1.6, 1.9, "")) == [
        "in 1 of 3 pictures of subtitle stream 2 nothing could be read: 00:00:01.600",
        "1 of 2 captions were read with less confidence than 0.6 and should be looked at: "
        "00:00:01.200",
    ]
