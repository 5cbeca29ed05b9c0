"""The operations by name, and how a verified request becomes one call of one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from media_pipeline.errors import InvalidParameter, printable
from media_pipeline.gateway.ice.faults import Fault, fault_of
from media_pipeline.gateway.ice.parameters import WireModel, read
from media_pipeline.gateway.ice.signatures import Signed

VERSION = "2020-11-09"

Input = TypeVar("Input", bound=WireModel)
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """Who calls, and under which request id."""

    request_id: str
    access_key: str


@dataclass(frozen=True)
class Operation(Generic[Input]):
    """One operation: what it takes, and what it does."""

    name: str
    input: type[Input]
    handle: Callable[[Call, Input], Answer]


class Registry:
    """The operations of a gateway."""

    def __init__(self, operations: list[Operation[Any]]) -> None:
        self._operations = {operation.name: operation for operation in operations}

    def call(self, signed: Signed, request_id: str) -> Answer:
        """Carry out what was signed.

        Raises
        ------
        Fault
        """
        if signed.version != VERSION:
            raise Fault("NoSuchVersion", f"there is no version {signed.version}: use {VERSION}")
        operation = self._operations.get(signed.action)
        if operation is None:
            names = ", ".join(self._operations)
            raise Fault(
                "InvalidApi.NotFound", f"there is no {printable(signed.action)}, there are: {names}"
            )
        given = read(operation.input, signed.parameters)
        try:
            return operation.handle(Call(request_id, signed.access_key), given)
        except InvalidParameter as error:
            raise fault_of(error) from None

    def __contains__(self, name: str) -> bool:
        return name in self._operations
