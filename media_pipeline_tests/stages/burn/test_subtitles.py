"""Subtitles for a picture without captions: laid out, escaped and drawn with fonts that can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import (
    FontMissing,
)
from media_pipeline.media import fonts
from media_pipeline.media.probe import probe
from media_pipeline.stages.burn import burn, subtitle_document
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.burned import HEIGHT, WIDTH, frames
from media_pipeline_tests.generators.video import ffmpeg


@pytest.mark.parametrize(
    "text",
    [r"{\fs200}x", r"{\pos(1,1)}x", r"a\Nb\nc\hd", r"{\alpha&HFF&}x", "\\", "{}", "{unclosed"],
)
def test_hostile_text_is_drawn_as_it_stands(plain: Path, tmp_path: Path, text: str) -> None:
    document, used = subtitle_document([Cue(0.0, 0.5, text)], WIDTH, HEIGHT)
    ffmpeg("-i", plain, "-t", "0.2", "-c:v", "libx264", tmp_path / "short.mp4")
    info = probe(tmp_path / "short.mp4")
    burn(tmp_path / "short.mp4", info, tmp_path / "out.mp4", document, used, crf=12)
    (_, a), (_, b) = frames(tmp_path / "short.mp4")[1], frames(tmp_path / "out.mp4")[1]
    rows = np.flatnonzero(np.abs(a.astype(int) - b).max(axis=(1, 2)) > 60)
    assert len(rows), "something is drawn"
    assert rows.min() > HEIGHT * 0.85, "on one row at the bottom, at its usual size"


def test_long_text_is_broken_into_rows_that_fit() -> None:
    chinese = "外面下雨了你听见了吗" * 6
    english = "Tomorrow we will tell them everything that happened " * 3
    document, used = subtitle_document([Cue(0, 2, f"{chinese}\n{english}")], 320, 240)
    (line,) = [row for row in document.splitlines() if row.startswith("Dialogue")]
    rows = line.split(",,", 2)[-1].split(r"\N")
    assert len(rows) > 6
    (font,) = used
    em = 0.05 * 240
    assert all(fonts.text_width(row.lstrip(","), font, em) <= 320 * 0.88 for row in rows)


def test_scripts_without_a_common_font_have_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    real = fonts.find_font

    def narrow(text: str, family: str | None = None) -> fonts.Font:
        """As on a machine whose Chinese font has no Latin letters."""
        if any("一" <= c <= "鿿" for c in text) and any(c.isascii() and c.isalpha() for c in text):
            raise FontMissing("no font has all of it")
        return real(text, family)

    monkeypatch.setattr("media_pipeline.stages.burn.subtitles.find_font", narrow)
    document, used = subtitle_document([Cue(0, 1, "Hello 你好")], WIDTH, HEIGHT)
    assert len(used) == 2
    assert rf"{{\fn{real('你好').family}" in document
