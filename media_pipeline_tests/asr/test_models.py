from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from media_pipeline.asr.models import (
    FileSizes,
    Offer,
    download,
    find_offer,
    find_weights,
    local_weights,
    weights_at,
)
from media_pipeline.errors import EngineUnavailable
from media_pipeline.stages.base import Environment


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hub's cache of whoever runs the tests must not be seen."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def _place(model: Path, folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copytree(model, folder))


def test_a_wrong_model_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"no model folder .*nowhere") as told:
        find_offer("auto", "en", Environment(model_dir=tmp_path / "nowhere"))
    assert told.value.remedy == "correct MEDIA_PIPELINE_MODEL_DIR"


def test_weights_are_described(multilingual: Path, english: Path) -> None:
    large, small = weights_at(multilingual), weights_at(english)
    assert large.multilingual
    assert not small.multilingual
    assert large.size == (multilingual / "model.bin").stat().st_size
    assert large.identity.startswith("tiny@")
    assert large.identity != small.identity
    assert large.speaks("zh")
    assert large.speaks(None)
    assert small.speaks("en")
    assert not small.speaks("zh")
    assert not small.speaks(None)


def test_another_content_is_another_identity(multilingual: Path, tmp_path: Path) -> None:
    copy = _place(multilingual, tmp_path / "tiny")
    assert weights_at(copy).identity == weights_at(multilingual).identity
    data = bytearray((copy / "model.bin").read_bytes())
    data[-100] ^= 1
    (copy / "model.bin").write_bytes(data)
    assert weights_at(copy).identity != weights_at(multilingual).identity


def test_a_wrong_path_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="there is no model folder /no/such/model"):
        find_weights("/no/such/model", "en", Environment())
    with pytest.raises(EngineUnavailable, match=r"lacks model\.bin, config\.json"):
        find_weights(str(tmp_path), "en", Environment())


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_model_that_lacks_a_file_is_not_used(english: Path, tmp_path: Path, name: str) -> None:
    copy = _place(english, tmp_path / "models" / "tiny.en")
    (copy / name).unlink()
    with pytest.raises(EngineUnavailable, match=f"it lacks {name}"):
        weights_at(copy)
    assert local_weights(Environment(model_dir=tmp_path / "models")) == []


def test_a_damaged_vocabulary_is_not_used(english: Path, tmp_path: Path) -> None:
    copy = _place(english, tmp_path / "models" / "tiny.en")
    (copy / "vocabulary.json").write_text('["a", ')
    with pytest.raises(EngineUnavailable, match="damaged"):
        weights_at(copy)
    assert local_weights(Environment(model_dir=tmp_path / "models")) == []


@pytest.mark.parametrize(
    "place",
    ["", "small", "models--Systran--faster-whisper-small/snapshots/abc123"],
)
def test_models_are_found_in_the_model_folder(
    multilingual: Path, tmp_path: Path, place: str
) -> None:
    folder = _place(multilingual, tmp_path / "models" / place)
    found = find_weights("auto", "zh", Environment(model_dir=tmp_path / "models"))
    assert found is not None
    assert found.path == folder
    if place:
        for name in ("small", "Systran/faster-whisper-small"):
            assert find_weights(name, "zh", Environment(model_dir=tmp_path / "models")) == found
        assert find_weights("medium", "zh", Environment(model_dir=tmp_path / "models")) is None


def test_models_are_found_in_the_cache_of_the_hub(multilingual: Path, tmp_path: Path) -> None:
    place = tmp_path / "hub" / "models--Systran--faster-whisper-tiny" / "snapshots" / "abc"
    _place(multilingual, place)
    found = find_weights("auto", None, Environment())
    assert found is not None
    assert found.name == "Systran/faster-whisper-tiny"


def test_auto_takes_the_largest_that_knows_the_language(
    multilingual: Path, english: Path, tmp_path: Path
) -> None:
    _place(english, tmp_path / "models" / "large.en")
    with (tmp_path / "models" / "large.en" / "model.bin").open("ab") as file:
        file.truncate(20 * 2**20)
    _place(multilingual, tmp_path / "models" / "small")
    environment = Environment(model_dir=tmp_path / "models")
    names = {lang: find_weights("auto", lang, environment) for lang in ("en", "zh", None)}
    assert {lang: w.name for lang, w in names.items() if w} == {
        "en": "large.en",
        "zh": "small",
        None: "small",
    }
    named = find_weights("large.en", "zh", environment)
    assert named is not None
    assert named.name == "large.en"


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    assert find_weights("auto", "en", Environment(model_dir=tmp_path / "absent")) is None


# --- downloads ------------------------------------------------------------------------------------


def _listing(size: int) -> FileSizes:
    return {"model.bin": size, "config.json": 1000, "tokenizer.json": 1000, "README.md": 10**9}


def test_downloads_need_permission() -> None:
    with pytest.raises(EngineUnavailable, match="ALLOW_MODEL_DOWNLOADS"):
        find_offer("small", "en", Environment(), list_files=lambda _: ("r", _listing(1)))


def test_an_offer_says_what_would_be_fetched() -> None:
    asked: list[str] = []

    def listing(repository: str) -> tuple[str, FileSizes]:
        asked.append(repository)
        return "0123456789abcdef", _listing(480 * 10**6)

    offer = find_offer("small", "zh", Environment(allow_model_downloads=True), list_files=listing)
    assert asked == ["Systran/faster-whisper-small"]
    assert offer.size == 480 * 10**6 + 2000  # what is not needed is not fetched
    assert offer.identity == "small@0123456789ab"


def test_a_model_over_the_limit_is_refused_before_it_is_fetched() -> None:
    environment = Environment(allow_model_downloads=True, max_model_bytes=10**8)
    with pytest.raises(EngineUnavailable, match=r"480 MB.*limit is 100 MB"):
        find_offer("small", "en", environment, list_files=lambda _: ("r", _listing(480 * 10**6)))


def test_auto_offers_the_largest_within_the_limit() -> None:
    sizes = {"small": 480, "base": 145, "tiny": 75}

    def listing(repository: str) -> tuple[str, FileSizes]:
        return "r", _listing(sizes[repository.rpartition("-")[2]] * 10**6)

    environment = Environment(allow_model_downloads=True, max_model_bytes=200 * 10**6)
    assert find_offer("auto", None, environment, list_files=listing).name == "base"
    with pytest.raises(EngineUnavailable, match="limit"):
        find_offer("auto", None, Environment(None, True, 10**6), list_files=listing)


def test_an_unknown_name_lists_the_known_ones() -> None:
    environment = Environment(allow_model_downloads=True)
    with pytest.raises(EngineUnavailable, match=r"no Whisper model 'gigantic'.*large-v3"):
        find_offer("gigantic", "en", environment, list_files=lambda _: ("r", _listing(1)))


def test_a_hub_out_of_reach_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object, **_options: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    with pytest.raises(EngineUnavailable, match="cannot be asked for Systran/faster-whisper-tiny"):
        find_offer("tiny", "en", Environment(allow_model_downloads=True))


def test_a_download_goes_to_the_model_folder(
    multilingual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def snapshot(repository: str, *, revision: str, allow_patterns: list[str], cache_dir: Path
                 ) -> str:  # fmt: skip
        assert "model.bin" in allow_patterns
        assert revision == "abc"
        name = f"models--{repository.replace('/', '--')}"
        return str(_place(multilingual, cache_dir / name / "snapshots" / revision))

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    environment = Environment(model_dir=tmp_path / "models", allow_model_downloads=True)
    weights = download(Offer("tiny", "Systran/faster-whisper-tiny", "abc", 1), environment)
    assert weights.name == "Systran/faster-whisper-tiny"
    assert find_weights("tiny", "zh", environment) == weights


def test_a_failed_download_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot(*_args: object, **_options: object) -> str:
        raise ConnectionError("broken pipe")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    with pytest.raises(EngineUnavailable, match="could not be fetched"):
        download(Offer("tiny", "Systran/faster-whisper-tiny", "abc", 1), Environment())
