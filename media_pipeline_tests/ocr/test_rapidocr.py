"""The default engine on drawn text: what it finds, what it reads, and that it stays offline."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from media_pipeline.errors import EngineUnavailable
from media_pipeline.ocr import rapidocr
from media_pipeline.ocr.base import Picture
from media_pipeline.ocr.rapidocr import RapidOcr
from media_pipeline_tests.generators.captions import draw_text


@pytest.fixture(scope="module")
def engine() -> RapidOcr:
    return RapidOcr()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the network is closed in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def without_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    rapidocr.model_files.cache_clear()
    yield
    rapidocr.model_files.cache_clear()


def strip(*placed: tuple[str, int, int]) -> Picture:
    picture = np.full((96, 640, 3), 70, np.uint8)
    for text, x, y in placed:
        draw_text(picture, text, x, y, 24)
    return picture


@pytest.mark.usefixtures("offline")
def test_loading_detecting_and_reading_need_no_network() -> None:
    engine = RapidOcr()
    picture = strip(("你好世界", 250, 30))
    (box,) = engine.detect(picture)
    crop = picture[int(box.top) : int(box.bottom), int(box.left) - 12 : int(box.right) + 12]
    (reading,) = engine.recognise([crop])
    assert reading.text == "你好世界"
    assert reading.confidence > 0.9


def test_boxes_stand_around_the_text_from_top_to_bottom(engine: RapidOcr) -> None:
    first, second = engine.detect(strip(("上面的一行", 200, 10), ("second row", 240, 50)))
    assert first.top < second.top
    for box, left, top in ((first, 200, 10), (second, 240, 50)):
        assert box.left == pytest.approx(left, abs=14)
        assert top - 8 < box.top < box.bottom < top + 46
        assert 0.5 < box.confidence <= 1


def test_a_plain_picture_has_no_text(engine: RapidOcr) -> None:
    assert engine.detect(np.full((96, 640, 3), 70, np.uint8)) == []


def test_a_picture_too_small_for_the_network_has_no_text(engine: RapidOcr) -> None:
    assert engine.detect(np.zeros((1, 1, 3), np.uint8)) == []


def test_characters_have_confidences_and_places_in_order(engine: RapidOcr) -> None:
    picture = strip(("Will you be here?", 20, 30))[25:70, 5:300]
    (reading,) = engine.recognise([picture])
    assert reading.text == "Will you be here?"
    assert len(reading.characters) == len(reading.places) == len(reading.text)
    assert all(one <= two for one, two in pairwise(reading.places))
    assert 0 < reading.places[0] < reading.places[-1] <= 1


def test_readings_come_in_the_order_of_the_pictures(engine: RapidOcr) -> None:
    pictures = [strip((text, 20, 30))[25:70, 5:160] for text in ("第一行", "第二行")]
    assert [r.text for r in engine.recognise(pictures)] == ["第一行", "第二行"]


def test_a_blank_picture_reads_as_nothing(engine: RapidOcr) -> None:
    (reading,) = engine.recognise([np.full((40, 200, 3), 128, np.uint8)])
    assert reading.text.strip() == ""


@pytest.mark.usefixtures("without_models")
def test_a_package_without_its_models_is_an_error_and_no_download() -> None:
    with pytest.raises(EngineUnavailable, match=r"no models .*: install it"):
        rapidocr.identity()
