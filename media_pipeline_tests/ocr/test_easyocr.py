"""The optional engine without torch: the missing extra, and the adapter over a stand-in package."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.held import Models
from media_pipeline.ocr import base, easyocr
from media_pipeline.ocr.base import TextBox, load_engine
from media_pipeline.ocr.easyocr import EasyOcr
from media_pipeline.stages.base import Environment


class Reader:
    """What EasyOCR 1.7's Reader takes and gives."""

    made: list[dict[str, Any]]

    def __init__(self, languages: list[str], **options: Any) -> None:
        type(self).made.append({"languages": languages, **options})
        folder = options["model_storage_directory"]
        if not options["download_enabled"] and not (folder and any(Path(folder).iterdir())):
            raise FileNotFoundError("Missing craft_mlt_25k.pth and downloads disabled")

    def detect(self, picture: Any) -> tuple[list[Any], list[Any]]:
        assert picture.shape == (60, 200, 3)
        slanted = [[[10, 5], [60, -2], [62, 18], [12, 24]]]
        return [[[30, 120, 40, 58], [-4, 50, 20, 30]]], [slanted]

    def recognize(self, grey: Any, **options: Any) -> list[tuple[Any, str, float]]:
        assert grey.ndim == 2
        height, width = grey.shape
        assert options == {
            "horizontal_list": [[0, width, 0, height]], "free_list": [], "detail": 1,
        }  # fmt: skip
        return [([], "你好", 0.75)] if grey.max() > 0 else []


class Library:
    """What torch.library.Library is used for."""

    defined: list[str]

    def __init__(self, namespace: str, kind: str) -> None:
        assert (namespace, kind) == ("torchvision", "FRAGMENT")

    def define(self, schema: str) -> None:
        type(self).defined.append(schema)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    Reader.made, Library.defined = [], []
    module, torch = ModuleType("easyocr"), ModuleType("torch")
    module.Reader = Reader  # type: ignore[attr-defined]
    torch.library = SimpleNamespace(Library=Library)  # type: ignore[attr-defined]
    torch.ops = SimpleNamespace(torchvision=SimpleNamespace())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "easyocr", module)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(base, "version", lambda _: "1.7.2")
    monkeypatch.setattr("media_pipeline.media.held.MODELS", Models())


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "easyocr", None)
    monkeypatch.setattr(base, "version", not_found)
    monkeypatch.setattr("media_pipeline.media.held.MODELS", Models())


@pytest.fixture
def models(tmp_path: Path) -> Environment:
    (tmp_path / "craft_mlt_25k.pth").write_bytes(b"weights")
    return Environment(model_dir=tmp_path)


@pytest.mark.usefixtures("missing")
def test_the_missing_extra_is_named() -> None:
    for attempt in (easyocr.identity, lambda: load_engine("easyocr", Environment())):
        with pytest.raises(EngineUnavailable, match=r'pip install "media-pipeline\[easyocr\]"'):
            attempt()


@pytest.mark.usefixtures("package")
def test_downloads_follow_the_environment(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"downloads disabled.*ALLOW_MODEL_DOWNLOADS=true"):
        load_engine("easyocr", Environment(model_dir=tmp_path))
    load_engine("easyocr", Environment(model_dir=tmp_path, allow_model_downloads=True))
    refused, allowed = Reader.made
    assert refused["download_enabled"] is False
    assert allowed["download_enabled"] is True
    assert allowed["model_storage_directory"] == str(tmp_path)
    assert allowed["gpu"] is False


@pytest.mark.usefixtures("package")
def test_the_operators_that_torchvision_lacks_are_declared(models: Environment) -> None:
    EasyOcr(models)
    assert [schema.split("(")[0] for schema in Library.defined] == ["nms", "qnms"]


@pytest.mark.usefixtures("package")
def test_boxes_are_upright_inside_the_picture_and_ordered(models: Environment) -> None:
    boxes = EasyOcr(models).detect(np.zeros((60, 200, 3), np.uint8))
    assert boxes == [TextBox(10, 0, 62, 24), TextBox(0, 20, 50, 30), TextBox(30, 40, 120, 58)]


@pytest.mark.usefixtures("package")
def test_lines_are_read_whole_and_nothing_reads_as_nothing(models: Environment) -> None:
    engine = load_engine("easyocr", models)
    written, blank = np.full((20, 80, 3), 9, np.uint8), np.zeros((20, 80, 3), np.uint8)
    first, second = engine.recognise([written, blank])
    assert (first.text, first.confidence) == ("你好", 0.75)
    assert (second.text, second.confidence) == ("", 0.0)


@pytest.mark.usefixtures("package")
def test_the_identity_names_version_and_models() -> None:
    identity = easyocr.identity()
    assert (identity.name, identity.version) == ("easyocr", "1.7.2")
    assert "zh_sim_g2" in identity.model
