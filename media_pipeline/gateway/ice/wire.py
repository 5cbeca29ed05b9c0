"""A request as it came over the wire, before anything in it is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from media_pipeline.gateway.ice.faults import Fault

MAX_PARAMETERS = 200
_FORM = "application/x-www-form-urlencoded"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class WireRequest:
    """Method, target, headers and body of a request."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    """By lower-case name; a header that came several times is joined with commas."""
    body: bytes = b""

    @cached_property
    def query(self) -> Pairs:
        """The decoded query, in order; blanks are kept, ``+`` and ``%20`` are both a space."""
        return _pairs(self.query_string)

    @cached_property
    def form(self) -> Pairs:
        """The decoded form body; empty when the body is something else."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != _FORM or not self.body:
            return ()
        return _pairs(self.body.decode("utf-8", "replace"))

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Query and form together.

        Raises
        ------
        Fault
            when a name comes twice with different values: which of them is meant cannot be known,
            and in the older signatures only one of them is signed.
        """
        found: dict[str, str] = {}
        for name, value in (*self.query, *self.form):
            if found.setdefault(name, value) != value:
                raise Fault("InvalidParameter", f"'{name}' is given twice with different values")
        return found


def _pairs(text: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise Fault(
            "InvalidParameter", f"the request has more than {MAX_PARAMETERS} parameters"
        ) from None
