from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.relaxed import MAX_CHARACTERS, MAX_DEPTH, read_object, strict

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("abcXYZ_", min_size=1), inner),
    max_leaves=12,
)  # fmt: skip
OBJECTS = st.dictionaries(st.text("abcXYZ_", min_size=1), VALUES, max_size=4)


@pytest.mark.slow
@settings(deadline=None)
@given(OBJECTS)
def test_strict_json_is_read_as_it_is(value: dict[str, Any]) -> None:
    assert read_object(json.dumps(value), "JobParams") == value
    assert json.loads(strict(value)) == value


@pytest.mark.slow
@settings(deadline=None)
@given(OBJECTS)
def test_unquoted_keys_and_trailing_commas_change_nothing(value: dict[str, Any]) -> None:
    inner = ",".join(f"{key}: {json.dumps(one)}" for key, one in value.items())
    assert read_object("{" + inner + ("," if inner else "") + " }", "JobParams") == value


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_object(text, "JobParams")
    except Fault as fault:
        assert fault.code == "InvalidParameter"
        assert "JobParams" in fault.message
        assert "\n" not in fault.message
    else:
        assert json.loads(strict(value)) == value


@settings(deadline=None)
@given(st.sampled_from(["__import__('os')", "1+1", "{a: 1+1}", "{a: f()}", "{a: `x`}", "{a: b}"]))
def test_nothing_is_evaluated(text: str) -> None:
    with pytest.raises(Fault):
        read_object(text, "JobParams")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("  ", {}),
        (
            "{fps:10,sep:false,roi:[[0.5, 1], [0, 1]]}",
            {"fps": 10, "sep": False, "roi": [[0.5, 1], [0, 1]]},
        ),
        ("{'a': 'b',}", {"a": "b"}),
        (r'{"formatter": "{\an8}"}', {"formatter": r"{\an8}"}),
        (r'{"formatter": "{\\an8}"}', {"formatter": r"{\an8}"}),
        (r"{formatter: '{\an8}'}", {"formatter": r"{\an8}"}),
        (r'{"a": "\"\n"}', {"a": '"\n'}),
    ],
)
def test_what_documents_show_is_read(text: str, value: dict[str, Any]) -> None:
    assert read_object(text, "JobParams") == value


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "3",
        "{",
        '{"a": NaN}',
        "{a: Infinity}",
        '{"a": 1, "a": 2}',
        '{"a": "\\ud800"}',
        '{"a": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"a": ' + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "}",
        '{"a": "' + "x" * MAX_CHARACTERS + '"}',
        '{"a": ' + "9" * 10_000 + "}",
    ],
    ids=range(11),
)
def test_the_rest_is_refused(text: str) -> None:
    with pytest.raises(Fault) as caught:
        read_object(text, "JobParams")
    assert caught.value.code == "InvalidParameter"
    assert len(caught.value.message) < 400
