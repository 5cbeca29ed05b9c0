"""What a production function is: checked parameters in, files and a Result out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from media_pipeline.errors import InvalidParameter
from media_pipeline.production.refusals import refusal
from media_pipeline.stages.base import Progress, Stage, StageParams

if TYPE_CHECKING:
    from media_pipeline.runner import Runner

PLACE = "JobParams"


def _unheard(_text: str) -> None:
    pass


@dataclass(frozen=True)
class Job:
    """One call of a function on a film of the lake."""

    runner: Runner
    key: str
    folder: Path
    """Where the files go; there is nothing else in it."""
    name: str
    """Of the file that is wanted; functions that write several derive their names from it. Empty
    where none is.
    """
    progress: Progress
    note: Callable[[str], None] = _unheard
    """Takes what people should know besides the Result."""
    index: int = 0
    """How many files earlier films of the same request have left in the folder."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """The further files that :attr:`Task.files` names, on this machine, by the same names. Their
    size was held against the limit; whoever decodes them finds out what they are.
    """


Result = Any
"""What the function found, as JSON values."""
Work = Callable[[Job], Result]


@dataclass(frozen=True)
class Task:
    """What checked JobParams ask for."""

    work: Work
    suffixes: tuple[str, ...] = ()
    """What the name of the output may end in, the usual one first. Without any, no output is
    written, whatever the caller names.
    """
    needs_output: bool = True
    """Whether the caller must name one."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files that are needed besides the film: their places as the caller wrote them, by the
    name of the parameter (``bgimage``, ``inputs.file``).
    """
    max_file_bytes: int | None = None
    """How large each of them may be; by default as large as a film."""


@dataclass(frozen=True)
class Function:
    """A production function."""

    prepare: Callable[[Mapping[str, Any]], Task]
    """Check the JobParams (raises InvalidParameter), and say what they ask for."""
    pool: str
    """What the heaviest part strains, one of ``stages.base.POOLS``; empty for none of them."""
    max_seconds: float | None = None
    """How long all films of one request may last together."""


class JobParams(BaseModel):
    """Base of the parameters of a function: nothing that is not declared."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], values: Mapping[str, Any], place: str = PLACE) -> Model:
    """The parameters, validated; their names count in any case.

    Raises
    ------
    InvalidParameter
        naming the parameter, its value and what is allowed.
    """
    names = {name.lower(): name for name in model.model_fields}
    given = {names.get(name.lower(), name): value for name, value in values.items()}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidParameter(refusal(model, error, place)) from None


def stage_fields(stage: Stage, *names: str) -> type[JobParams]:
    """A model of some of a stage's parameters, with the stage's own types, ranges and defaults."""
    fields: dict[str, Any] = {
        name: (stage.params.model_fields[name].annotation, stage.params.model_fields[name])
        for name in names
    }
    return create_model(f"{stage.name}_fields", __base__=JobParams, **fields)


def checked_stage(stage: Stage, values: Mapping[str, Any], place: str = PLACE) -> StageParams:
    """Parameters of a stage that a caller gave under the stage's own names.

    Raises
    ------
    InvalidParameter
        under the name by which the caller knows them.
    """
    return checked(stage.params, values, place)
