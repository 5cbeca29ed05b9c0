"""The API's description (``/openapi.json``), and a page made of it (``/docs``) that needs no script
and nothing from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader, Template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from media_pipeline.production.refusals import value_range

_REFERENCE = "#/components/schemas/"
_METHODS = ("get", "post", "put", "patch", "delete")

Schema = Mapping[str, Any]

PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}
"""For pages that run nothing and fetch nothing."""


def describe(app: FastAPI, bodies: Sequence[type[BaseModel]]) -> None:
    """Give an application its description and the page.

    Parameters
    ----------
    bodies : what routes take that read their bodies themselves, and refer to by name.
    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = described()
            _, own = models_json_schema(
                [(body, "validation") for body in bodies], ref_template=f"{_REFERENCE}{{model}}"
            )
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(own.get("$defs", {}))
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign] # as FastAPI documents it

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return Response(page(app.openapi()), media_type="text/html", headers=PAGE_HEADERS)


def page(description: Schema) -> str:
    """The page of a description."""
    return _template().render(
        title=description["info"]["title"],
        version=description["info"]["version"],
        # what is called with a key first: the rest is for people and monitors
        operations=sorted(_operations(description), key=lambda one: not one["keyed"]),
    )


@dataclass(frozen=True)
class Row:
    """A field as the page shows it."""

    name: str
    type: str
    required: bool
    allowed: str
    default: str
    description: str


def rows(root: Schema, schema: Schema, prefix: str = "") -> Iterator[Row]:
    """The fields of an object, required ones first, and those of objects in it under dotted
    names.
    """
    schema = _resolved(root, schema)
    needed = schema.get("required", ())
    fields = sorted(schema.get("properties", {}).items(), key=lambda one: one[0] not in needed)
    for name, field in fields:
        inner = _resolved(root, field)
        default = field.get("default")
        yield Row(
            f"{prefix}{name}",
            _type(root, field),
            name in needed,
            value_range(inner),
            "" if default is None or isinstance(default, dict | list) else json.dumps(default),
            field.get("description") or inner.get("description", ""),
        )
        if inner.get("type") == "array":
            yield from rows(root, inner.get("items", {}), f"{prefix}{name}[].")
        else:
            yield from rows(root, inner, f"{prefix}{name}.")


def _operations(description: Schema) -> Iterator[dict[str, Any]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if method not in _METHODS:
                continue
            content = operation.get("requestBody", {}).get("content", {})
            body: Schema = next((one["schema"] for one in content.values()), {})
            yield {
                "id": f"{method}{path}".replace("/", "-"),
                "method": method.upper(),
                "path": path,
                "keyed": bool(operation.get("security")),
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "fields": list(rows(description, body)),
                "examples": [
                    json.dumps(one, indent=2, ensure_ascii=False)
                    for one in _resolved(description, body).get("examples", ())
                ],
                "answers": [
                    {
                        "status": status,
                        "description": answer.get("description", ""),
                        "fields": list(_answer_rows(description, answer)),
                    }
                    for status, answer in operation.get("responses", {}).items()
                    if status != "422"
                ],
            }


def _answer_rows(root: Schema, answer: Schema) -> Iterator[Row]:
    for content in answer.get("content", {}).values():
        yield from rows(root, content.get("schema", {}))


def _resolved(root: Schema, schema: Schema) -> Schema:
    name = str(schema.get("$ref", ""))
    if not name.startswith(_REFERENCE):
        return schema
    found: Schema = root["components"]["schemas"][name.removeprefix(_REFERENCE)]
    return found


def _type(root: Schema, field: Schema) -> str:
    inner = _resolved(root, field)
    if "anyOf" in inner:
        kinds = [_type(root, one) for one in inner["anyOf"]]
        return " or ".join(kind for kind in kinds if kind != "null")
    if inner.get("type") == "array":
        return f"list of {_type(root, inner.get('items', {}))}"
    return str(inner.get("type", "value"))


@cache
def _template() -> Template:
    # Named .jinja, it would not be known as HTML.
    loader = PackageLoader("media_pipeline.gateway", ".")
    return Environment(loader=loader, autoescape=True).get_template("docs.html.jinja")
