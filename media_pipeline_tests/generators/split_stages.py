"""Toy stages that work on long films in parts, one second each, and can be held up on the way."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from media_pipeline.errors import NothingToDo, PartsDiffer
from media_pipeline.stages.base import (
    Artifact,
    FileOutput,
    Outcome,
    Split,
    Stage,
    StageParams,
    Work,
)

HELD_UP_S = 300.0


class SlowParams(StageParams):
    held_up: int | None = Field(
        None, description="the part that waits to be killed when first made"
    )
    refused: int | None = Field(None, description="the part that cannot be made")
    differs: bool = Field(False, description="whether the parts do not fit each other")


def note(work: Work, what: str) -> None:
    """Write down that something was done, for tests in other processes."""
    if work.environment.model_dir is not None:
        with (work.environment.model_dir / "done").open("a") as file:
            file.write(f"{what} {os.getpid()}\n")


def noted(folder: Path) -> list[tuple[str, int]]:
    """What was done, and by which process."""
    try:
        lines = (folder / "done").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(line.rpartition(" ")[0], int(line.rpartition(" ")[2])) for line in lines]


def _cut(work: Work, longest: float) -> list[dict[str, Any]]:
    count = int(work.info.duration / longest)
    return [{"number": number, "of": count} for number in range(count)]


def _part(work: Work, task: Mapping[str, Any]) -> Outcome:
    number = task["number"]
    again = f"part {number}" in [what for what, _ in noted(work.environment.model_dir or Path())]
    note(work, f"part {number}")
    if number == work.params.refused:
        raise NothingToDo("this part cannot be made", "make the whole")
    until = time.monotonic() + HELD_UP_S
    while number == work.params.held_up and not again and time.monotonic() < until:
        time.sleep(0.05)
    (work.out / "part.json").write_text(json.dumps(task))
    return Outcome({"number": number})


def _written(work: Work, numbers: Sequence[int]) -> Outcome:
    (work.out / "whole.json").write_text(json.dumps({"parts": list(numbers)}))
    return Outcome({"parts": len(numbers)})


def _join(work: Work, parts: Sequence[Artifact]) -> Outcome:
    note(work, "join")
    (work.out / "whole.json").write_text("{")
    if work.params.differs:
        raise PartsDiffer("as was asked for")
    return _written(work, [part.facts["number"] for part in parts])


def _whole(work: Work) -> Outcome:
    note(work, "whole")
    return _written(work, range(int(work.info.duration)))


def _after(work: Work) -> Outcome:
    note(work, "after")
    (work.out / "after.json").write_text(work.inputs["slow"].path("whole.json").read_text())
    return Outcome()


SLOW = Stage(
    name="slow",
    group="toys",
    description="a toy that is worked on in parts",
    version="1",
    params=SlowParams,
    outputs=(FileOutput("whole.json"),),
    run=_whole,
    inputs=("source",),
    pool="ocr",
    split=Split(cut=_cut, part=_part, join=_join, outputs=(FileOutput("part.json"),)),
)
AFTER = Stage(
    name="after",
    group="toys",
    description="a toy that is made from it",
    version="1",
    params=StageParams,
    outputs=(FileOutput("after.json"),),
    run=_after,
    inputs=("slow",),
)
