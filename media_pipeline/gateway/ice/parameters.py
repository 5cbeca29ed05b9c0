"""Flat parameters of the wire as the nested, typed input of an operation.

Names are taken in any case, at every depth; ``Input.Type=OSS`` is the same as
``Input={"Type":"OSS"}``; objects may come as JSON strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.relaxed import read_value
from media_pipeline.production.refusals import refusal

_MAX_DOTS = 4


class WireModel(BaseModel):
    """Base of what operations take: fields are named as on the wire, found in any case.

    What is not declared is ignored, as the service does: SDKs send fields that came later.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _as_declared(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        names = {name.lower(): name for name in cls.model_fields}
        found: dict[str, Any] = {}
        for key, value in given.items():
            name = names.get(str(key).lower())
            if name is None:
                continue
            if name in found and found[name] != value:
                raise ValueError(f"{name} is given twice with different values")
            found[name] = _unpacked(cls, name, value)
        return found


Model = TypeVar("Model", bound=WireModel)


def read(model: type[Model], parameters: Mapping[str, Any], place: str = "") -> Model:
    """The input of an operation.

    Raises
    ------
    Fault
        MissingParameter or InvalidParameter, naming the field, its input and its range.
    """
    try:
        return model.model_validate(nested(parameters))
    except ValidationError as error:
        missing = error.errors(include_url=False)[0]["type"] == "missing"
        raise Fault(
            "MissingParameter" if missing else "InvalidParameter", refusal(model, error, place)
        ) from None


def nested(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as objects: ``{"Input.Type": "OSS"}`` becomes ``{"Input": {"Type": "OSS"}}``.

    Raises
    ------
    Fault
        when an object is given whole and in parts, or too deep.
    """
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        *parents, last = name.split(".")
        if len(parents) > _MAX_DOTS:
            raise Fault("InvalidParameter", f"'{name}' is nested too deep")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise Fault("InvalidParameter", f"'{parent}' is given whole and in parts")
        if last in place:
            raise Fault("InvalidParameter", f"'{last}' is given whole and in parts")
        place[last] = value
    return found


def _unpacked(model: type[BaseModel], name: str, value: Any) -> Any:
    """A value as its field wants it: JSON strings become objects and lists, and empty strings of
    anything that is no text are as good as absent.
    """
    kinds = _kinds(model.model_fields[name].annotation)
    if not isinstance(value, str) or str in kinds:
        return value
    if not value.strip():
        return model.model_fields[name].get_default(call_default_factory=True)
    if any(kind in (list, dict) or _is_model(kind) for kind in kinds):
        return read_value(value, name)
    return value


def _kinds(annotation: Any) -> set[Any]:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return set().union(*(_kinds(one) for one in get_args(annotation)))
    return {origin or annotation}


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
