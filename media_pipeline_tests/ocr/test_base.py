"""Choosing, identifying and loading engines."""

from __future__ import annotations

import pytest

from media_pipeline.errors import EngineUnavailable, InvalidParameter
from media_pipeline.ocr.base import Reading, identify_engine, load_engine, package_version
from media_pipeline.stages.base import Environment


def test_an_unknown_engine_is_refused_by_name() -> None:
    with pytest.raises(InvalidParameter, match=r"'tesseract'.*rapidocr"):
        load_engine("tesseract", Environment())
    with pytest.raises(InvalidParameter, match="'tesseract'"):
        identify_engine("tesseract")


def test_an_engine_is_loaded_once_per_process() -> None:
    assert load_engine("rapidocr", Environment()) is load_engine("rapidocr", Environment())


def test_the_identity_names_version_and_models() -> None:
    identity = identify_engine("rapidocr").as_dict()
    assert identity["name"] == "rapidocr"
    assert identity["version"][0].isdigit()
    assert "det" in identity["model"]
    assert "rec" in identity["model"]


def test_a_package_that_is_missing_is_an_error_with_its_remedy() -> None:
    with pytest.raises(EngineUnavailable, match="no-such-package is not installed: get it"):
        package_version("no-such-package", "get it")


def test_a_reading_without_character_confidences_lends_its_own() -> None:
    assert Reading("abc", 0.5).weights() == (0.5, 0.5, 0.5)
    assert Reading("ab", 0.5, (0.9, 0.1)).weights() == (0.9, 0.1)
