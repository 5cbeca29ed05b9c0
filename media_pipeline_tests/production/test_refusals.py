from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from media_pipeline.errors import shown
from media_pipeline.production.refusals import refusal


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    priority: int = Field(6, ge=1, le=10)


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=5)
    kind: Literal["a", "b"] = "a"
    seconds: float | None = Field(None, ge=1)
    inner: Inner | None = None
    many: list[Inner] = Field([], max_length=2)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "'P.name' is missing"),
        (
            {"name": "abcdef"},
            "'P.name' is invalid, input: \"abcdef\", value range: <= 5 chars",
        ),
        ({"name": "a", "kind": "c"}, "'P.kind' is invalid, input: \"c\", value range: a | b"),
        ({"name": "a", "seconds": 0}, "'P.seconds' is invalid, input: 0, value range: >= 1"),
        (
            {"name": "a", "inner": {"priority": 11}},
            "'P.inner.priority' is invalid, input: 11, value range: 1-10",
        ),
        (
            {"name": "a", "many": [{}, {"priority": 0}]},
            "'P.many.1.priority' is invalid, input: 0, value range: 1-10",
        ),
        (
            {"name": "a", "more": 1},
            "'P.more' is invalid, there is no such parameter, there are: "
            "name, kind, seconds, inner, many",
        ),
        (
            {"name": "a", "inner": {"speed": 1}},
            "'P.inner.speed' is invalid, there is no such parameter, there are: priority",
        ),
    ],
)
def test_the_line_names_field_input_and_range(values: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Asked.model_validate(values)
    assert refusal(Asked, caught.value, "P") == line


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 1000)) < 100
