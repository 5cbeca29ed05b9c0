"""JSON as callers write it: strict first, then with the liberties that documents show.

``{fps:10,sep:false,roi:[[0.5, 1], [0, 1]]}`` is JSON5, and is read by a JSON5 parser; nothing is
ever evaluated.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from media_pipeline.errors import shown
from media_pipeline.gateway.ice.faults import Fault

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 16

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_KNOWN_ESCAPES = frozenset("\"'\\/bfnrtu\n\r")


def read_object(text: str, name: str) -> dict[str, Any]:
    r"""The object that a string parameter holds; an empty string is an empty object.

    A backslash that begins no escape of JSON stands for itself, as in ``"{\an8}"``.

    Parameters
    ----------
    name : of the parameter, for the message.

    Raises
    ------
    Fault
        when it is no object, is too long or too deep, or holds a number that is not finite.
    """
    value = read_value(text, name) if text.strip() else {}
    if not isinstance(value, dict):
        raise Fault("InvalidParameter", f"'{name}' is invalid, input: {shown(text)}: not an object")
    return value


def read_value(text: str, name: str) -> Any:
    """Any value that a string parameter holds; see :func:`read_object`."""
    if len(text) > MAX_CHARACTERS:
        raise Fault(
            "InvalidParameter", f"'{name}' is invalid, value range: <= {MAX_CHARACTERS} characters"
        )
    try:
        value = _parsed(text)
        _check(value, MAX_DEPTH)
    except (ValueError, RecursionError) as error:
        detail = " ".join(str(error).split())
        raise Fault(
            "InvalidParameter", f"'{name}' is invalid, input: {shown(text)}: not JSON ({detail})"
        ) from None
    return value


def strict(value: Mapping[str, Any]) -> str:
    """The object as strict, compact JSON: how it is echoed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except _TwiceError:
        raise
    except ValueError:
        import pyjson5

        try:
            return pyjson5.decode(_ESCAPE.sub(_kept, text), maxdepth=MAX_DEPTH)
        except pyjson5.Json5Exception as error:
            raise ValueError(error.args[0] if error.args else "unreadable") from None


class _TwiceError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError("a key comes twice")
    return found


def _kept(match: re.Match[str]) -> str:
    return match.group(0) if match.group(1) in _KNOWN_ESCAPES else f"\\\\{match.group(1)}"


def _check(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number of JSON")
    if isinstance(value, str):
        value.encode()  # a lone surrogate cannot be stored or sent
    if isinstance(value, dict):
        value = [*value, *value.values()]
    for inner in value if isinstance(value, list) else ():
        _check(inner, depth - 1)
