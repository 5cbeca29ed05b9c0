"""Dagster configuration derived from the stages' parameters, and back.

A stage declares its parameters once, as :class:`~media_pipeline.stages.base.StageParams`. Dagster's
config system knows fewer types than pydantic, so each field is mapped to one that Dagster can show
and check in its launchpad; what it cannot express (ranges, choices inside optional values or lists)
is written into the field's description and checked by the parameters themselves before the stage
runs.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import dagster as dg
from pydantic import Field, create_model
from pydantic.fields import FieldInfo

from media_pipeline.profiles import checked_params
from media_pipeline.stages.base import Stage, StageParams

_SCALARS = (bool, int, float, str)
_RANGES = {
    "minimum": ">= {}",
    "exclusiveMinimum": "> {}",
    "maximum": "<= {}",
    "exclusiveMaximum": "< {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matches {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def config_class(stage: Stage) -> type[dg.Config]:
    """The Dagster config class of a stage, with the same fields and defaults as its parameters.

    Raises
    ------
    TypeError
        when a parameter has a type that Dagster's config cannot hold; see :func:`config_type`.
    """
    fields: dict[str, Any] = {}
    properties = stage.params.model_json_schema()["properties"] if stage.params.model_fields else {}
    for name, field in stage.params.model_fields.items():
        try:
            kind = config_type(field.annotation, top=True)
        except TypeError as error:
            raise TypeError(f"{stage.name}.{name}: {error}") from None
        if get_origin(kind) is not Literal and not field.is_required():
            kind = kind | None  # Dagster lets null through for such fields, see `asked`
        fields[name] = (kind, Field(_default(field), description=_describe(properties[name])))
    words = "".join(part.capitalize() for part in stage.name.split("_"))
    return create_model(f"{words}Config", __base__=dg.Config, **fields)


def config_type(annotation: Any, *, top: bool = False) -> Any:
    """The type by which a parameter's type is represented in Dagster's config.

    Scalars, lists and string-keyed dicts stay what they are. A ``Literal`` of strings stays one
    only as the whole type of a field (``top``): inside ``Optional`` or a list Dagster refuses it,
    and it becomes the type of its values. A union of several such types becomes ``Any``: the
    parameters themselves refuse what is none of them.

    Raises
    ------
    TypeError
        for tuples and anything else: there is no config type that keeps their values.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _SCALARS:
        return annotation
    if origin is Annotated:
        return config_type(arguments[0], top=top)
    if origin is Literal:
        kinds = {type(value) for value in arguments}
        if len(kinds) == 1 and kinds <= set(_SCALARS):
            return annotation if top and kinds == {str} else kinds.pop()
    if origin in (Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not types.NoneType]
        members = [config_type(argument) for argument in inner]
        return members[0] | None if len(members) == 1 else Any
    if origin is list:
        return list[config_type(arguments[0])]  # type: ignore[misc]
    if origin is dict and arguments[0] is str:
        return dict[str, config_type(arguments[1])]  # type: ignore[misc]
    raise TypeError(
        f"{annotation} has no counterpart in Dagster's config: "
        "use scalars, Literal, Optional, list or dict[str, ...]"
    )


def asked(config: dg.Config, params: type[StageParams]) -> dict[str, Any]:
    """The configured values as keyword arguments of the stage's parameters.

    Dagster lets ``null`` stand for "use the default" where a field is not optional; such values are
    left out.
    """
    given = config.model_dump()
    return {
        name: value
        for name, value in given.items()
        if value is not None or _may_be_none(params.model_fields[name])
    }


def run_config(
    stages: Mapping[str, Stage], params: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Run config of the catalogue job that gives stages these parameters; others are left out.

    Raises
    ------
    InvalidParameter
        so that wrong values are found before there is a run, and by our own rules.
    """
    ops = {}
    for name, stage in stages.items():
        given = params.get(name)
        if given:
            checked = checked_params(stage, given).model_dump(mode="json", include=set(given))
            ops[name] = {"config": checked}
    return {"ops": ops}


def _default(field: FieldInfo) -> Any:
    return ... if field.is_required() else field.get_default(call_default_factory=True)


def _may_be_none(field: FieldInfo) -> bool:
    return types.NoneType in get_args(field.annotation)


def _describe(schema: Mapping[str, Any]) -> str:
    rules = "; ".join(dict.fromkeys(_rules(schema)))
    return " — ".join(part for part in (schema.get("description", ""), rules) if part)


def _rules(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a value must satisfy, in words, from the field's JSON schema."""
    for keyword, words in _RANGES.items():
        if keyword in schema:
            yield words.format(schema[keyword])
    if "enum" in schema:
        yield "one of " + ", ".join(str(value) for value in schema["enum"])
    for inner in (
        *schema.get("anyOf", ()),
        schema.get("items"),
        schema.get("additionalProperties"),
    ):
        if isinstance(inner, Mapping):
            yield from _rules(inner)
