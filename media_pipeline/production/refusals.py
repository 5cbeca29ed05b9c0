"""What is wrong with a parameter, in the words of the ICE API: its name, its value, its range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from media_pipeline.errors import shown

Schema = Mapping[str, Any]

_BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " chars"),
    ("minItems", "maxItems", " items"),
)


def refusal(model: type[BaseModel], error: ValidationError, place: str = "") -> str:
    """One line about the first thing that is wrong.

    For instance ``'JobParams.fps' is invalid, input: 30, value range: 2-10``. The range is read off
    the model, so it is what is checked.

    Parameters
    ----------
    model : that was validated against.
    place : what the values are part of, put before the name.
    """
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(part for part in [place, *map(str, first["loc"])] if part)
    schema = model.model_json_schema()
    if first["type"] == "extra_forbidden":
        around = _at(schema, schema, first["loc"][:-1])
        choices = (around, *(_resolved(schema, one) for one in around.get("anyOf", ())))
        allowed = ", ".join(name for one in choices for name in one.get("properties", ())) or "none"
        return f"'{name}' is invalid, there is no such parameter, there are: {allowed}"
    if first["type"] == "missing":
        return f"'{name}' is missing"
    said = f"'{name}' is invalid, input: {shown(first['input'])}"
    found = value_range(_at(schema, schema, first["loc"]))
    if found:
        return f"{said}, value range: {found}"
    return f"{said}: {first['msg'].removeprefix('Value error, ')}"


def value_range(schema: Schema) -> str:
    """What a JSON schema allows, in a few characters; empty when it says nothing."""
    if "allowed" in schema:
        return str(schema["allowed"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    for low, high, unit in _BOUNDS:
        least, most = schema.get(low), schema.get(high)
        if least is not None and most is not None:
            return f"{least:g}-{most:g}{unit}"
        if least is not None or most is not None:
            return f">= {least:g}{unit}" if most is None else f"<= {most:g}{unit}"
    return next(filter(None, map(value_range, schema.get("anyOf", ()))), "")


def _at(
    root: Mapping[str, Any], schema: Mapping[str, Any], loc: Sequence[Any]
) -> Mapping[str, Any]:
    """The schema of the value at a place; empty when the schema does not describe it."""
    schema = _resolved(root, schema)
    if not loc:
        return schema
    for choice in (schema, *(_resolved(root, c) for c in schema.get("anyOf", ()))):
        if isinstance(loc[0], int) and "items" in choice:
            return _at(root, choice["items"], loc[1:])
        if loc[0] in choice.get("properties", {}):
            return _at(root, choice["properties"][loc[0]], loc[1:])
    return {}


def _resolved(root: Schema, schema: Schema) -> Schema:
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    found: Schema = root.get("$defs", {}).get(name, schema) if name else schema
    return found
