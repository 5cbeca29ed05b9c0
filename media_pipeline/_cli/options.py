"""Options that are a stage's parameters: their help, range and default are the stage's own.

An option is declared with :func:`stage_option`, its command with ``cls=StageCommand``. The stages
are only imported when the command runs or explains itself, not when the list of commands is shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from media_pipeline.errors import InvalidParameter

if TYPE_CHECKING:
    from media_pipeline.profiles import Profile

_MARK = "stage parameter "


def stage_option(stage: str, parameter: str, *flags: str) -> Any:
    """An option that sets a stage's parameter; None, its default, leaves the stage's default."""
    return typer.Option(*flags, help=f"{_MARK}{stage}.{parameter}", show_default=False)


class StageCommand(TyperCommand):
    """A command whose options are explained by the stages' Params."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The command's parameters, with the help of stage options filled in."""
        params: list[Any] = super().get_params(ctx)
        for param in params:
            text = getattr(param, "help", None) or ""
            if text.startswith(_MARK):
                stage, _, field = text.removeprefix(_MARK).partition(".")
                param.help = _explain(stage, field)
        return params


def _explain(stage: str, name: str) -> str:
    from media_pipeline.profiles import default_stages

    params = default_stages()[stage].params
    field = params.model_fields[name]
    default = field.get_default(call_default_factory=True)
    facts = [allowed] if (allowed := params.allowed(name)) else []
    facts += [f"default {default}"] if default is not None else []
    text = field.description or name
    return f"{text} ({'; '.join(facts)})" if facts else text


@contextmanager
def usage() -> Iterator[None]:
    """Options that turn out to be wrong in the block end the command as wrong usage does, with exit
    code 2.
    """
    try:
        yield
    except InvalidParameter as error:
        raise typer.BadParameter(str(error)) from None


def stage_params(**stages: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Parameters by stage without those that were not given (None), validated by the stages.

    Raises
    ------
    typer.BadParameter
        naming what is wrong and what is allowed.
    """
    from media_pipeline.profiles import checked_params, default_stages

    known = default_stages()
    given = {
        stage: {name: value for name, value in values.items() if value is not None}
        for stage, values in stages.items()
    }
    with usage():
        for stage, values in given.items():
            checked_params(known[stage], values)
    return {stage: values for stage, values in given.items() if values}


def read_time(name: str, text: str) -> float:
    """Seconds of a plain number or a timecode."""
    from media_pipeline.media.timecode import parse_timecode

    try:
        seconds = float(text)
    except ValueError:
        with usage():
            return parse_timecode(text, name=name)
    if not (math.isfinite(seconds) and seconds >= 0):
        raise typer.BadParameter(f"{name} is {text}: give seconds or HH:MM:SS")
    return seconds


def read_json(option: str, text: str | None) -> Any:
    """The value of an option that is JSON; None where it was not given.

    Raises
    ------
    InvalidParameter
    """
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise InvalidParameter(f"{option} is not JSON ({error})", "see --help") from None


def read_profile(name: str | None, assignments: list[str]) -> Profile:
    """The profile of that name or file, with ``STAGE.PARAM=VALUE`` assignments on top.

    Raises
    ------
    typer.BadParameter
        when there is no such profile, or a value is not allowed.
    """
    from media_pipeline.profiles import DEFAULT, load_profile
    from media_pipeline.settings import Settings

    settings = Settings()
    with usage():
        profile = load_profile(
            name or DEFAULT,
            settings.inbox,
            storage_options=settings.storage_options(settings.inbox),
        )
        return profile.with_values(assignments)
