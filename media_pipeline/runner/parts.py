"""Long films in parts: which parts a stage's work has, and whether they are there.

A part is an artifact like any other, made by a stage that is derived from the stage it is a part
of; so is the list of them, which says where the film is cut. Who makes the parts, and where, is for
others to decide: who asks for a film whose parts are not there is told of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from media_pipeline.errors import MediaPipelineError, PartsDiffer
from media_pipeline.runner.preparation import Prepared
from media_pipeline.stages.base import Outcome, Split, Stage, StageParams, Work
from media_pipeline.store import StoredArtifact

CUTS, PART = "cuts", "part"
"""What the assets of the derived stages end in."""


@dataclass(frozen=True)
class Parts:
    """Whether and how films are worked on in parts.

    Attributes
    ----------
    longest : seconds of the longest film that is worked on as a whole, and of a part.
    tried : stages whose parts have been asked for; those whose parts are not there nevertheless
        work on the whole film.
    """

    longest: float
    tried: frozenset[str] = frozenset()


class PartOrder(BaseModel):
    """One part that is to be made: what a run of its own has to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    stage: str
    params: dict[str, Any]
    """Of the stage, resolved."""
    inputs: dict[str, str]
    """Fingerprints of what the stage is made from."""
    task: dict[str, Any]


class PartsWanted(Exception):
    """A film is to be worked on in parts, some of which are not there yet.

    Not an error: who asked for the artifact has the parts made, and asks again.
    """

    def __init__(self, orders: Sequence[PartOrder]) -> None:
        super().__init__(f"{len(orders)} parts of {orders[0].key} for {orders[0].stage}")
        self.orders = tuple(orders)

    @property
    def stage(self) -> str:
        """The stage that wants them."""
        return self.orders[0].stage


def in_parts(
    prepared: Prepared,
    parts: Parts,
    run: Callable[[Stage, Mapping[str, Any]], StoredArtifact],
    find: Callable[[Stage, Mapping[str, Any]], StoredArtifact | None],
) -> Prepared:
    """The same run with its parts joined, where the film is long and the stage has parts.

    Parameters
    ----------
    run : makes an artifact of the same film from the same inputs, or finds it made.
    find : finds one.

    Raises
    ------
    PartsWanted
        when some of them have to be made first.
    """
    stage, params = prepared.stage, prepared.params
    if stage.split is None or prepared.refusal or prepared.work.info.duration <= parts.longest:
        return prepared
    try:
        cuts = run(cuts_of(stage, stage.split), {**params, "longest": parts.longest})
    except MediaPipelineError:
        return prepared  # working on the whole film tells what is wrong
    tasks = cuts.facts.get("tasks", ())
    if len(tasks) < 2:
        return prepared
    derived = part_of(stage, stage.split)
    found = [find(derived, {**params, "task": task}) for task in tasks]
    there = [part for part in found if part is not None]
    if len(there) == len(tasks):
        return replace(prepared, stage=_joining(stage, stage.split, there))
    if stage.name in parts.tried:
        return prepared
    inputs = {name: artifact.fingerprint for name, artifact in prepared.inputs.items()}
    raise PartsWanted(
        [
            PartOrder(
                key=prepared.item.key, stage=stage.name, params=params, inputs=inputs, task=task
            )
            for task, part in zip(tasks, found, strict=True)
            if part is None
        ]
    )


def cuts_of(stage: Stage, split: Split) -> Stage:
    """The stage that says where a film is cut."""

    def run(work: Work) -> Outcome:
        return Outcome({"tasks": list(split.cut(work, work.params.longest))})

    return replace(
        stage,
        name=f"{stage.name}_{CUTS}",
        params=_with(stage, "longest", float),
        outputs=(),
        run=run,
        split=None,
    )


def part_of(stage: Stage, split: Split) -> Stage:
    """The stage that makes one part."""

    def run(work: Work) -> Outcome:
        return split.part(work, work.params.task)

    return replace(
        stage,
        name=f"{stage.name}_{PART}",
        params=_with(stage, "task", dict[str, Any]),
        outputs=split.outputs,
        run=run,
        split=None,
    )


def _with(stage: Stage, name: str, kind: Any) -> type[StageParams]:
    """The stage's parameters and one more."""
    fields: dict[str, Any] = {name: (kind, ...)}
    return create_model(f"{stage.name} and {name}", __base__=stage.params, **fields)


def _joining(stage: Stage, split: Split, parts: Sequence[StoredArtifact]) -> Stage:
    """The stage with its parts joined in place of its work on the whole film."""

    def run(work: Work) -> Outcome:
        pins = work.out.parent / "parts"
        try:
            return split.join(work, [p.pinned(pins / str(n)) for n, p in enumerate(parts)])
        except PartsDiffer:
            for left in work.out.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            return stage.run(work)

    return replace(stage, run=run)
