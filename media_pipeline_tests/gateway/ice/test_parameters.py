from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import Field

from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.parameters import WireModel, read
from media_pipeline.gateway.ice.wire import MAX_PARAMETERS, WireRequest

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


class Place(WireModel):
    Type: Literal["OSS", "Media"]
    Media: str = Field(min_length=1)


class Asked(WireModel):
    FunctionName: str
    Input: Place
    Priority: int = Field(6, ge=1, le=10)
    Flag: bool = False
    Many: list[Place] = Field([], max_length=2)
    UserData: str = ""


GOOD: dict[str, Any] = {"FunctionName": "Cover", "Input": '{"Type":"OSS","Media":"oss://b/k"}'}


@pytest.mark.parametrize(
    "parameters",
    [
        GOOD,
        {"FunctionName": "Cover", "Input.Type": "OSS", "Input.Media": "oss://b/k"},
        {"functionName": "Cover", "input": '{"type":"OSS","MEDIA":"oss://b/k"}'},
        {"FUNCTIONNAME": "Cover", "input.type": "OSS", "input.media": "oss://b/k"},
        {**GOOD, "Priority": "", "Unknown": "1"},
    ],
)
def test_names_are_taken_in_any_case_and_with_dots(parameters: dict[str, str]) -> None:
    asked = read(Asked, parameters)
    assert asked == Asked(FunctionName="Cover", Input=Place(Type="OSS", Media="oss://b/k"))


def test_texts_stay_texts_and_the_rest_is_parsed() -> None:
    asked = read(
        Asked,
        {**GOOD, "Flag": "True", "Priority": "3", "UserData": '{"a":1}',
         "Many": "[{Type:'OSS',Media:'oss://b/x'}]"},
    )  # fmt: skip
    assert (asked.Flag, asked.Priority, asked.UserData) == (True, 3, '{"a":1}')
    assert asked.Many[0].Media == "oss://b/x"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"FunctionName": None}, "MissingParameter", "'FunctionName' is missing"),
        ({"Input": "{}"}, "MissingParameter", "'Input.Type' is missing"),
        ({"Input": "{"}, "InvalidParameter", "'Input' is invalid"),
        ({"Input": "3"}, "InvalidParameter", "'Input' is invalid, input: 3"),
        ({"Input": '{"Type":"x","Media":"y"}'}, "InvalidParameter", "value range: OSS | Media"),
        ({"Priority": "11"}, "InvalidParameter", "'Priority' is invalid, input: \"11\", "
         "value range: 1-10"),
        ({"Priority": "x"}, "InvalidParameter", "value range: 1-10"),
        ({"Many": "[{},{},{}]"}, "InvalidParameter", "'Many"),
        ({"Input.Type": "OSS"}, "InvalidParameter", "whole and in parts"),
        ({"input": "{}"}, "InvalidParameter", "given twice"),
        ({"a.b.c.d.e.f": "1"}, "InvalidParameter", "nested too deep"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], code: str, message: str) -> None:
    given = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    with pytest.raises(Fault) as caught:
        read(Asked, given)
    assert caught.value.code == code
    assert message in caught.value.message


def test_query_and_form_are_one() -> None:
    request = WireRequest("POST", "/", "a=1&b=+%20", FORM, b"c=3&a=1")
    assert request.parameters == {"a": "1", "b": "  ", "c": "3"}
    assert WireRequest("POST", "/", "", {}, b"c=3").parameters == {}
    with pytest.raises(Fault, match="twice"):
        _ = WireRequest("POST", "/", "a=1", FORM, b"a=2").parameters
    many = "&".join(f"p{i}=1" for i in range(MAX_PARAMETERS + 1))
    with pytest.raises(Fault, match="more than"):
        _ = WireRequest("POST", "/", many, {}).parameters
