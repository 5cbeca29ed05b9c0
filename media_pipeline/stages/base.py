"""What a stage is: its parameters, its inputs, its outputs, and the one function that makes the
second from the first.

A stage module holds ``Params`` (what can be asked), one public function on paths, arrays and tables
(what is done), and a :class:`Stage` that binds them for the runner. The runner, and nothing here,
knows where artifacts live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict

from media_pipeline.errors import rebuild
from media_pipeline.media.probe import MediaInfo

if TYPE_CHECKING:
    import pyarrow as pa

    from media_pipeline.stages.tables import TableSpec

FUNCTIONS_GROUP = "functions"
"""The group of the stages that are production functions: only such are made from them, and they run
only for who asks for them."""

POOLS = ("decode", "ocr", "asr", "encode")
"""What work may strain. Each is a pool of Dagster with a limit of its own, and may have workers of
its own."""

Progress = Callable[[float], None]
"""Called by a stage with the share that is done, from 0 to 1. May raise to cancel the stage."""


def quiet(_share: float) -> None:
    """Discard progress."""


class StageParams(BaseModel):
    """Base of every stage's parameters: validated, immutable, and nothing that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def allowed(cls, name: str) -> str:
        """The values that a parameter takes, in words; empty where its type says enough.

        A field's own words (``json_schema_extra={"allowed": ...}``) go before its range or choices.
        """
        schema = cls.model_json_schema()["properties"][name]
        if "allowed" in schema:
            return str(schema["allowed"])
        kinds = (schema, *schema.get("anyOf", ()), schema.get("items", {}))
        words = [
            f"{kind.get('minimum', '…')} to {kind.get('maximum', '…')}"
            for kind in kinds
            if "minimum" in kind or "maximum" in kind
        ]
        choices = next((kind["enum"] for kind in kinds if "enum" in kind), ())
        if choices:
            words.append(f"one of {', '.join(map(str, choices))}")
        return "; ".join(words)


@dataclass(frozen=True, slots=True)
class Environment:
    """What this machine lets a stage use; the runner fills it from the settings."""

    model_dir: Path | None = None
    allow_model_downloads: bool = False
    max_model_bytes: int = 4 * 1024**3
    cores: int = 2


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an artifact is empty: what the typed error of a direct request says."""

    code: str
    message: str
    remedy: str = ""


def raise_reason(artifact: Artifact) -> None:
    """Raise the typed error that left an input empty, if one did."""
    if artifact.reason is not None:
        raise rebuild(artifact.reason.code, artifact.reason.message, artifact.reason.remedy)


class Artifact(Protocol):
    """A finished artifact as a stage sees it: whole, immutable, and on a local path."""

    @property
    def fingerprint(self) -> str:
        """What identifies the artifact: stage, version, parameters, engine, inputs and content."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Small results that stand in the manifest (JSON)."""

    @property
    def reason(self) -> Reason | None:
        """Why the artifact is empty, or None."""

    def path(self, name: str) -> Path:
        """A local path to one of its files."""

    def files(self, pattern: str = "*") -> Sequence[Path]:
        """Local paths to its files whose names match, in name order."""

    def table(self, name: str) -> pa.Table:
        """One of its Parquet files as a table."""


@dataclass(frozen=True)
class Resolution:
    """Parameters with every ``auto`` resolved, and the engine that was chosen.

    Both are hashed into the fingerprint, so a better engine installed later is a new result and not
    a stale hit. ``engine`` identifies the engine and its model (name, version, model); ``why`` says
    in words why it was chosen.
    """

    params: StageParams
    engine: Mapping[str, str] | None = None
    why: str = ""


@dataclass(frozen=True)
class Work:
    """Everything a stage is given for one media item."""

    media: Path
    """Local path to the original media."""
    info: MediaInfo
    """What probing found in it."""
    inputs: Mapping[str, Artifact]
    """The artifacts of ``Stage.inputs``, and of ``Stage.optional_inputs`` and
    ``Stage.dispensable`` those that exist."""
    params: Any
    """The stage's own Params, resolved."""
    out: Path
    """An empty folder to write the outputs into."""
    environment: Environment = field(default_factory=Environment)
    engine: Mapping[str, str] | None = None
    progress: Progress = quiet
    name: str = ""
    """What to call the media towards people: its first file name."""


@dataclass(frozen=True)
class Outcome:
    """What a stage says besides its files: facts for the manifest and warnings for people."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TableOutput:
    """A Parquet table that the stage always writes, empty when there is nothing.

    ``within`` is another table of the stage: each row lies in the time of the row of that one which
    its column ``cue`` numbers.
    """

    name: str
    spec: TableSpec
    within: str = ""


@dataclass(frozen=True, slots=True)
class MediaOutput:
    """Audio or video files that the stage may write.

    ``pattern`` matches their names. Each is decoded at both ends before the artifact is published,
    and its duration is compared with ``facts["durations"][name]`` where the stage gives one, within
    one frame.
    """

    pattern: str


@dataclass(frozen=True, slots=True)
class FileOutput:
    """Other files (subtitles, pictures, JSON); each must not be empty, unless ``may_be_empty``."""

    pattern: str
    may_be_empty: bool = False


Output = TableOutput | MediaOutput | FileOutput


def _as_given(work: Work) -> Resolution:
    return Resolution(work.params)


@dataclass(frozen=True)
class Split:
    """How a stage works on a long film in parts, side by side.

    The three functions divide what the stage's ``run`` does. However a film is cut, joining its
    parts gives what ``run`` gives for the whole: the artifact has one fingerprint for both.
    """

    cut: Callable[[Work, float], Sequence[Mapping[str, Any]]]
    """Where to cut a film so that no part is much longer than so many seconds: what each part is to
    do, in order, as JSON values. Fewer than two where it cannot be cut, or need not be."""
    part: Callable[[Work, Mapping[str, Any]], Outcome]
    """Do one of the parts: write ``outputs`` into ``work.out``."""
    join: Callable[[Work, Sequence[Artifact]], Outcome]
    """Make what ``run`` makes from all parts, in order. Raise
    :class:`~media_pipeline.errors.PartsDiffer` where they do not fit each other."""
    outputs: tuple[Output, ...]
    """What a part consists of."""


@dataclass(frozen=True)
class Stage:
    """A stage as the runner, Dagster, the command and the gateway know it."""

    name: str
    """The asset's name."""
    group: str
    description: str
    version: str
    """Changed whenever the same inputs and parameters would give another result."""
    params: type[StageParams]
    outputs: tuple[Output, ...]
    run: Callable[[Work], Outcome]
    """Write the outputs into ``work.out``. Raise :class:`~media_pipeline.errors.Unavailable` when
    there is nothing to be had: the runner then publishes empty tables with the reason, or fails a
    direct request with it."""
    inputs: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    dispensable: tuple[str, ...] = ()
    """Those of ``inputs`` that a request may do without."""
    resolve: Callable[[Work], Resolution] = _as_given
    """Resolve ``auto`` and choose the engine before anything is computed; cheap, no output."""
    kinds: tuple[str, ...] = ()
    """Labels for the Dagster graph, such as ``parquet`` or ``mp4``."""
    pool: str = ""
    """What it strains most, one of :data:`POOLS`; empty for none of them."""
    split: Split | None = None
    """How long films are worked on in parts; None where the stage takes each as a whole."""

    @property
    def tables(self) -> tuple[TableOutput, ...]:
        """The tables among the outputs."""
        return tuple(o for o in self.outputs if isinstance(o, TableOutput))
