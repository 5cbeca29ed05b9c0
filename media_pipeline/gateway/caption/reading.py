"""A body that strangers sent, as a checked request, or what it is refused for."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from media_pipeline.gateway.caption.envelope import Refused
from media_pipeline.production.refusals import refusal

Model = TypeVar("Model", bound=BaseModel)

JSON = "application/json"


def read_request(model: type[Model], kind: str, body: bytes) -> Model:
    """The request.

    Parameters
    ----------
    model : what it must be.
    kind : its media type.

    Raises
    ------
    Refused
        415 for another media type, 400 for what is no JSON or does not fit, naming the field.
    """
    if kind.partition(";")[0].strip().lower() != JSON:
        raise Refused(415, f"the body must be {JSON}")
    given = _json(body)
    if not isinstance(given, dict):
        raise Refused(400, "the body must be a JSON object")
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise Refused(400, refusal(model, error), id=request_id(given)) from None


def request_id(given: dict[str, Any]) -> str | None:
    """The request's own name, as far as it has one."""
    found = given.get("id")
    return found if isinstance(found, str) else None


def _json(body: bytes) -> Any:
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
        # Halves of surrogate pairs can be written in JSON, but not in an answer or a file.
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refused(400, "the body holds half a character (a lone surrogate)") from None
    except RecursionError:
        raise Refused(400, "the body is nested too deep") from None
    except ValueError as error:
        raise Refused(400, f"the body is not JSON ({error})") from None
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")
