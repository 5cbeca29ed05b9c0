from __future__ import annotations

from typing import Annotated, Any, Literal

import dagster as dg
import pytest
from pydantic import Field, create_model

from media_pipeline.dagster.config import asked, config_class, config_type, run_config
from media_pipeline.errors import InvalidParameter
from media_pipeline.profiles import checked_params, default_stages
from media_pipeline.stages.base import Outcome, Stage, StageParams
from media_pipeline_tests.generators import stages as toys


class EveryKind(StageParams):
    flag: bool = Field(True, description="a switch")
    count: int = Field(3, ge=1, le=9, description="how many")
    share: float = Field(0.5, ge=0, lt=1, description="a share")
    text: str = Field("a", max_length=5, description="a text")
    mode: Literal["16:9", "none", "4:3"] = Field("16:9", description="a choice")
    size: Literal[480, 720] = Field(720, description="a choice of numbers")
    maybe_flag: bool | None = Field(None, description="perhaps")
    maybe_count: int | None = Field(None, ge=1, description="perhaps many")
    maybe_share: float | None = Field(0.25, le=1, description="perhaps a share")
    maybe_text: str | None = Field(None, description="perhaps a text")
    maybe_mode: Literal["fast", "good"] | None = Field(None, description="perhaps a choice")
    names: list[str] = Field(["b", "c"], min_length=1, description="names")
    numbers: list[int] = Field(default_factory=list, description="numbers")
    modes: list[Literal["srt", "vtt"]] = Field(["srt"], description="formats")
    maybe_names: list[str] | None = Field(None, description="perhaps names")
    roi: list[list[float]] = Field([[0.5, 1.0], [0.0, 1.0]], description="a region")
    maybe_roi: list[list[float]] | None = Field(None, description="perhaps a region")
    place: list[list[float]] | Literal["auto"] | None = Field(None, description="where, or auto")
    weights: dict[str, float] = Field({"motion": 1.0}, description="weights")
    bounded: Annotated[int, Field(ge=0)] = Field(0, description="annotated")


class Required(StageParams):
    count: int = Field(description="how many")


# Another value than the default for each field of EveryKind.
OTHER: dict[str, Any] = {
    "flag": False,
    "count": 9,
    "share": 0,
    "text": "{5}",
    "mode": "4:3",
    "size": 480,
    "maybe_flag": True,
    "maybe_count": 2,
    "maybe_share": None,
    "maybe_text": "",
    "maybe_mode": "good",
    "names": ["'", '"', "\n", "😀"],
    "numbers": [1, 2],
    "modes": ["vtt", "srt"],
    "maybe_names": [],
    "roi": [[0.1, 0.2], [0, 1]],
    "maybe_roi": [[0.0, 1.0], [0.0, 1.0]],
    "place": "auto",
    "weights": {"a b": 0.5, "c": 2},
    "bounded": 7,
}
INVALID = [
    ("count", 0),
    ("count", 10),
    ("share", 1.0),
    ("text", "too long"),
    ("size", 500),
    ("place", "nowhere"),
    ("place", [["a"]]),
    ("maybe_count", 0),
    ("maybe_mode", "best"),
    ("names", []),
    ("modes", ["ttml"]),
    ("bounded", -1),
]


def stage(params: type[StageParams], name: str = "toy") -> Stage:
    return Stage(name, "group", "a toy", "1", params, (), lambda _: Outcome())


def through_dagster(params: type[StageParams], given: dict[str, Any]) -> dict[str, Any]:
    """What a stage is asked for when that is its op's config."""
    config = config_class(stage(params))
    seen: list[dict[str, Any]] = []

    def body(_context: dg.OpExecutionContext, config: dg.Config) -> None:
        seen.append(asked(config, params))

    body.__annotations__ = {"_context": dg.OpExecutionContext, "config": config}
    op = dg.op(name="toy")(body)
    job = dg.GraphDefinition(name="graph", node_defs=[op]).to_job()
    job.execute_in_process(run_config={"ops": {"toy": {"config": given}}})
    return seen[0]


def test_defaults_survive() -> None:
    values = through_dagster(EveryKind, {})
    assert checked_params(stage(EveryKind), values) == EveryKind()


def test_values_survive() -> None:
    assert set(OTHER) == set(EveryKind.model_fields)
    values = through_dagster(EveryKind, OTHER)
    assert checked_params(stage(EveryKind), values) == EveryKind(**OTHER)


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_constraints_survive(name: str, value: object) -> None:
    values = through_dagster(EveryKind, {name: value})
    with pytest.raises(InvalidParameter, match=f"toy.{name}"):
        checked_params(stage(EveryKind), values)


@pytest.mark.parametrize(
    ("name", "value"), [("mode", "1:1"), ("count", "many"), ("roi", [["a"]]), ("unknown", 1)]
)
def test_what_dagster_can_check_is_refused_in_the_launchpad(name: str, value: object) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError):
        through_dagster(EveryKind, {name: value})


def test_null_stands_for_the_default_where_nothing_is_no_value() -> None:
    assert "count" not in through_dagster(EveryKind, {"count": None})
    assert through_dagster(EveryKind, {"maybe_share": None})["maybe_share"] is None


def test_a_required_value_is_required() -> None:
    with pytest.raises(dg.DagsterInvalidConfigError):
        through_dagster(Required, {})
    assert through_dagster(Required, {"count": 4}) == {"count": 4}


def test_the_launchpad_explains_each_field() -> None:
    fields = config_class(stage(EveryKind)).model_fields
    told = {name: field.description for name, field in fields.items()}
    assert told["count"] == "how many — >= 1; <= 9"
    assert told["maybe_mode"] == "perhaps a choice — one of fast, good"
    assert told["modes"] == "formats — one of srt, vtt"
    assert told["names"] == "names — at least 1 items"


@pytest.mark.parametrize(
    "annotation",
    [tuple[float, float], str | list[bytes], dict[int, float], Literal["a", 1], bytes, Any],
)
def test_what_dagster_cannot_hold_is_refused_when_defining(annotation: Any) -> None:
    with pytest.raises(TypeError, match="no counterpart"):
        config_type(annotation, top=True)
    params = create_model("Odd", __base__=StageParams, odd=(annotation, ...))
    with pytest.raises(TypeError, match=r"toy\.odd"):
        config_class(stage(params))


def test_run_config_holds_only_what_was_given_in_types_that_dagster_takes() -> None:
    chosen = {"ocr_cues": {"count": "7"}, "clip": {}}
    assert run_config(toys.STAGES, chosen) == {"ops": {"ocr_cues": {"config": {"count": 7}}}}
    with pytest.raises(InvalidParameter, match=r"ocr_cues\.count"):
        run_config(toys.STAGES, {"ocr_cues": {"count": -1}})


@pytest.mark.parametrize("name", sorted(toys.STAGES))
def test_toy_stages_make_the_round_trip(name: str) -> None:
    params = toys.STAGES[name].params
    assert params(**through_dagster(params, {})) == params()


@pytest.mark.slow
def test_every_stage_makes_the_round_trip() -> None:
    for one in default_stages().values():
        assert one.params(**through_dagster(one.params, {})) == one.params(), one.name
        full = one.params().model_dump(mode="json")
        assert one.params(**through_dagster(one.params, full)) == one.params(), one.name
