"""The engine for actions: its loading and its arithmetic, with towers of a few kilobytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import Environment, Work
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES
from media_pipeline.stages.highlights.actions import ActionEngine, find_engine, identify_engine
from media_pipeline.stages.highlights.candidates import Params
from media_pipeline.stages.highlights.zero_shot import ZeroShot, find_model
from media_pipeline_tests.generators.clip_model import make_model
from media_pipeline_tests.generators.highlights import make_film, write_film

COLOURS = {"fire": (1.0, 0.0, 0.0), "sea": (0.0, 0.0, 1.0), "photo": (0.0, 0.5, 0.0)}


def shot(red: float, blue: float, size: tuple[int, int] = (90, 160)) -> NDArray[np.uint8]:
    picture = np.zeros((*size, 3), np.uint8)
    picture[..., 2], picture[..., 0] = round(255 * red), round(255 * blue)
    return picture


def engine(folder: Path, **made: object) -> ZeroShot:
    model = find_model(make_model(folder / "clip", **made).parent)  # type: ignore[arg-type]
    assert model is not None
    return ZeroShot(model)


@pytest.mark.parametrize("length", [None, 16], ids=["any length", "one length"])
def test_an_action_is_seen_in_the_pictures_that_show_it(tmp_path: Path, length: int | None) -> None:
    one = engine(tmp_path, colours=COLOURS, length=length)
    assert isinstance(one, ActionEngine)
    red = one.recognise([shot(1, 0), shot(0.9, 0)], ["fire", "sea"])
    assert red["fire"] > 0.9
    assert red["sea"] < 0.1
    assert one.recognise([shot(0, 1), shot(0, 1)], ["fire", "sea"])["sea"] > 0.9
    half = one.recognise([shot(1, 0), shot(0, 1), shot(1, 0), shot(0, 1)], ["fire"])
    assert half["fire"] > 0.9, "it need not last all the time"
    tall = one.recognise([shot(1, 0, (200, 40))], ["fire"])
    assert tall["fire"] == pytest.approx(one.recognise([shot(1, 0)], ["fire"])["fire"])


def test_random_weights_give_shares_and_the_same_ones_again(tmp_path: Path) -> None:
    one = engine(tmp_path, seed=3)
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (60, 80, 3)).astype(np.uint8) for _ in range(4)]
    found = one.recognise(pictures, ["fire", "fight"])
    assert set(found) == {"fire", "fight"}
    assert all(0 <= share <= 1 for share in found.values())
    assert found == one.recognise(pictures, ["fire", "fight"])


def test_words_that_the_tokenizer_does_not_have_are_not_supported(tmp_path: Path) -> None:
    assert engine(tmp_path).supported(["fire", "dance", "打架", "fight"]) == ["fire", "fight"]


def test_the_model_is_found_by_its_files_and_known_by_name_and_size(tmp_path: Path) -> None:
    assert find_model(None) is None
    assert find_model(tmp_path / "nowhere") is None
    assert find_engine(tmp_path) is None
    make_model(tmp_path / "clip-b")
    (tmp_path / "a-whisper").mkdir()
    found = identify_engine(tmp_path)
    assert found is not None
    assert found["name"] == "zero-shot"
    assert found["model"].startswith("clip-b (")
    loaded = find_engine(tmp_path)
    assert loaded is not None
    assert "clip-b" in loaded.name


@pytest.mark.parametrize(
    "file", ["onnx/vision_model.onnx", "onnx/text_model.onnx", "tokenizer.json"]
)
def test_a_damaged_model_is_a_typed_error_that_names_the_file(tmp_path: Path, file: str) -> None:
    folder = make_model(tmp_path / "clip")
    (folder / file).write_bytes(b"not a model")
    with pytest.raises(EngineUnavailable, match=Path(file).name):
        find_engine(tmp_path)


def test_the_stage_takes_the_engine_of_the_folder_into_its_fingerprint(tmp_path: Path) -> None:
    film = write_film(make_film(3, duration=40.0, clip=5.0), tmp_path / "film.mp4")
    make_model(tmp_path / "models" / "clip")
    asked = Params(enable_action_recog=True, custom_actions=["fire"])

    def engine_of(params: Params, models: Path | None) -> object:
        here = Environment(model_dir=models)
        work = Work(film, probe(film), {}, params, tmp_path, environment=here)
        return HIGHLIGHT_CANDIDATES.resolve(work).engine

    assert engine_of(asked, None) is None
    assert engine_of(Params(), tmp_path / "models") is None
    assert engine_of(asked, tmp_path / "models") == identify_engine(tmp_path / "models")
