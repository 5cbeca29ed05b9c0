from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.profiles import Profile, checked_params, load_profile, upstream
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.stages import OCR_CUES, STAGES, CueParams, WordParams


def write(folder: Path, text: str, name: str = "drama") -> Path:
    path = folder / name / "profile.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load(name: str | Path, inbox: str | Path, **options: Any) -> Profile:
    return load_profile(name, inbox, stages=STAGES, **options)


def test_a_profile_chooses_stages_and_parameters(tmp_path: Path) -> None:
    write(
        tmp_path,
        "language: zh\nroi: [[0.8, 1.0], [0.1, 0.9]]\nstages: [words]\n"
        "params:\n  ocr_cues: {count: 3, language: en}\n",
    )
    profile = load("drama", tmp_path)
    assert profile.name == "drama"
    assert profile.stages == ["words"]
    assert profile.selected(STAGES) == ["source", "ocr_cues", "captions", "words"]
    cues = profile.stage_params(OCR_CUES)
    assert isinstance(cues, CueParams)
    assert (cues.count, cues.language, cues.roi) == (3, "en", [[0.8, 1.0], [0.1, 0.9]])
    words = profile.stage_params(STAGES["words"])
    assert isinstance(words, WordParams)
    assert words.language == "zh"  # the shorthand goes to every stage that has it
    assert "source" not in profile.params


def test_profiles_are_read_from_object_storage_and_by_path(tmp_path: Path) -> None:
    inbox = f"memory://{uuid.uuid4().hex}/inbox"
    filesystem, inside = open_filesystem(inbox, {})
    filesystem.pipe_file(f"{inside}/drama/profile.yaml", b"language: ja\n")
    assert load("drama", inbox).params["words"] == {"language": "ja"}
    with pytest.raises(InvalidParameter, match="there is no profile news"):
        load("news", inbox)
    path = write(tmp_path, "language: ko\n")
    for given in (path, str(path)):
        profile = load(given, inbox)
        assert (profile.name, profile.params["words"]) == ("profile", {"language": "ko"})
    with pytest.raises(InvalidParameter, match=r"nothing\.yaml"):
        load(tmp_path / "nothing.yaml", inbox)


def test_the_inbox_itself_and_folders_without_a_file_give_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert load("plain", tmp_path) == Profile(name="plain")
    assert load("default", tmp_path) == Profile()
    assert load("default", tmp_path / "not made yet") == Profile()
    assert Profile().selected(STAGES) == list(STAGES)
    (tmp_path / "profile.yaml").write_text("stages: [source]\n")
    assert load("default", tmp_path).stages == ["source"]
    with pytest.raises(InvalidParameter, match="there is no profile nothing"):
        load("nothing", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "not a table of keys"),
        ("langage: zh\n", "there is no key langage"),
        ("stages: words\n", "stages is 'words'"),
        ("stages: []\n", "stages is []"),
        ("stages: [wrods]\n", "there is no stage wrods"),
        ("params: [1]\n", "params is not a table"),
        ("params: {words: 5}\n", "params is not a table"),
        ("params: {wrods: {}}\n", "there is no stage wrods"),
        ("params: {words: {sufix: a}}\n", "there is no parameter words.sufix"),
        ("params: {ocr_cues: {count: many}}\n", "ocr_cues.count is 'many'"),
        ("params: {ocr_cues: {count: -1}}\n", "ocr_cues.count is -1"),
        ("roi: everything\n", "ocr_cues.roi is 'everything'"),
        ("language: [zh]\n", "language is ['zh']"),
        ("a: [\n", "not valid YAML"),
        ("a: &x [1]\nb: *x\n", "anchors and aliases"),
        ("language: zh\nlanguage: en\n", "stands there twice"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("x" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_bad_profile_is_one_line_that_names_file_and_key(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidParameter) as caught:
        load("drama", tmp_path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(InvalidParameter, match="not UTF-8"):
        load("drama", tmp_path)


@pytest.mark.parametrize(
    "name", ["../secret", "a/b", "", ".", "..", ".hidden", "a..b", "a\nb", "x" * 80, "/etc", "-x"]
)
def test_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidParameter, match="is no name of a profile"):
        load(name, tmp_path)


def test_assignments_come_on_top() -> None:
    base = Profile(params={"words": {"suffix": "a", "language": "en"}})
    profile = base.with_values(
        ["words.suffix=!", "ocr_cues.count=5", "ocr_cues.roi=[[0, 1], [0, 0.5]]"], STAGES
    )
    assert profile.params["words"] == {"suffix": "!", "language": "en"}
    assert profile.stage_params(OCR_CUES).model_dump()["roi"] == [[0, 1], [0, 0.5]]
    assert base.params["words"]["suffix"] == "a"
    for bad in ("words", "words.suffix", "suffix=1", ".x=1", "ocr_cues.count=x", "nope.x=1"):
        with pytest.raises(InvalidParameter):
            base.with_values([bad], STAGES)
    with pytest.raises(InvalidParameter, match=r"ocr_cues\.count is '\[1'"):
        base.with_values(["ocr_cues.count=[1"], STAGES)


def test_upstream_is_closed_and_in_order() -> None:
    assert upstream(STAGES, ["clip"]) == ["source", "ocr_cues", "captions", "words", "clip"]
    assert upstream(STAGES, ["captions", "source"]) == ["source", "ocr_cues", "captions"]
    assert upstream(STAGES, []) == []
    words = replace(STAGES["words"], dispensable=("captions",))
    stages = {**STAGES, "words": words}
    assert "captions" in upstream(stages, ["clip"])
    assert not {"captions", "ocr_cues"} & set(upstream(stages, ["words"], without=["captions"]))
    assert "captions" in upstream(STAGES, ["words"], without=["captions"])  # it cannot do without


def test_parameters_of_another_stage_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="not the parameters of ocr_cues"):
        checked_params(OCR_CUES, WordParams())
    assert checked_params(OCR_CUES, CueParams(count=1)) == CueParams(count=1)
    assert checked_params(OCR_CUES, None) == CueParams()


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    for params in ({"roi": [[0.0, value]]}, CueParams.model_construct(count=1, roi=[[value]])):
        with pytest.raises(InvalidParameter, match=r"ocr_cues\.roi"):
            checked_params(OCR_CUES, params)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("null", None),
        ("", None),
        ("'5'", "5"),
        ("0x10", "0x10"),
        ("{{x}", "{{x}"),
        ("zh", "zh"),
    ],
)
def test_values_are_read_as_people_mean_them(text: str, value: object) -> None:
    from media_pipeline.profiles import _value

    assert _value(text) == value
    assert type(_value(text)) is type(value)


def test_production_functions_run_only_for_who_asks_for_them() -> None:
    function = replace(STAGES["words"], name="beats", group="functions", inputs=("source",))
    stages = {**STAGES, "beats": function}
    assert "beats" not in Profile().selected(stages)
    assert set(Profile().selected(stages)) == set(STAGES)
    assert Profile(stages=["beats"]).selected(stages) == ["source", "beats"]
