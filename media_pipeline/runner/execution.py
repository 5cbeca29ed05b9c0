"""One stage, called once: scratch folder, progress, validation, manifest, publishing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from media_pipeline.errors import Unavailable, printable
from media_pipeline.media.probe import probe
from media_pipeline.runner.preparation import Prepared
from media_pipeline.stages.base import Outcome, Progress
from media_pipeline.store import Manifest, ReasonEntry, Store, StoredArtifact
from media_pipeline.store.artifact import table_file
from media_pipeline.store.lock import held
from media_pipeline.store.room import room
from media_pipeline.store.validate import validate
from media_pipeline.transfer.originals import Originals

_HEARTBEAT_S = 60.0


@contextmanager
def alone(store: Store, prepared: Prepared, progress: Progress) -> Iterator[None]:
    """Let no other run on this machine compute the same artifact at the same time."""
    lock = store.backend.scratch / "locks" / f"{prepared.stage.name}-{prepared.fingerprint}"
    with room(store.backend.scratch), held(lock, lambda: progress(0.0)):
        yield


def make(
    store: Store,
    originals: Originals,
    prepared: Prepared,
    *,
    direct: bool = False,
    replace_existing: bool = False,
    progress: Progress,
) -> StoredArtifact:
    """Run a stage and publish what it makes.

    When the stage raises an ``Unavailable`` error, an empty artifact with the reason is published
    instead, unless ``direct``. After any other error nothing is left behind.
    """
    started = time.monotonic()
    with store.scratch() as scratch, room(store.backend.scratch):
        out = _subfolder(scratch, "out")
        reason = None
        try:
            if prepared.refusal is not None:
                raise prepared.refusal
            outcome = _call(originals, prepared, scratch, out, progress)
            validate(prepared.stage, out, outcome.facts, prepared.work.info.duration)
        except Unavailable as error:
            if direct:
                raise
            outcome = Outcome(warnings=[str(error)])
            reason = ReasonEntry(code=error.code, message=error.message, remedy=error.remedy)
            out = _empty(prepared, scratch)
        manifest = _manifest(prepared, outcome, reason, time.monotonic() - started)
        return store.publish(out, manifest, replace=replace_existing)


def _call(
    originals: Originals, prepared: Prepared, scratch: Path, out: Path, progress: Progress
) -> Outcome:
    work = replace(
        prepared.work,
        inputs={n: a.pinned(scratch / "inputs") for n, a in prepared.inputs.items()},
        params=prepared.resolution.params,
        engine=prepared.resolution.engine,
        out=out,
    )
    in_use = [scratch]
    if prepared.needs_original:
        work = replace(work, media=originals.path(prepared.item))
        in_use += originals.cached(work.media)
    work = replace(work, progress=_steady(progress, in_use))
    if not prepared.stage.inputs:
        work = replace(work, info=probe(work.media))
    return prepared.stage.run(work)


def _empty(prepared: Prepared, scratch: Path) -> Path:
    """A folder with the declared tables, without rows."""
    out = _subfolder(scratch, "empty")
    for table in prepared.stage.tables:
        pq.write_table(table.spec.empty(), out / table_file(table.name))
    return out


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


def _steady(progress: Progress, in_use: Sequence[Path]) -> Callable[[float], None]:
    """Progress that never goes back; by the way it keeps the folders in use from being swept."""
    done, beat = 0.0, time.monotonic()

    def report(share: float) -> None:
        nonlocal done, beat
        done = min(1.0, max(done, share))
        if time.monotonic() - beat > _HEARTBEAT_S:
            beat = time.monotonic()
            for folder in in_use:
                with suppress(OSError):
                    os.utime(folder)
        progress(done)

    return report


def _manifest(
    prepared: Prepared, outcome: Outcome, reason: ReasonEntry | None, seconds: float
) -> Manifest:
    resolution, duration = prepared.resolution, prepared.work.info.duration
    return Manifest(
        asset=prepared.stage.name,
        media_key=prepared.item.key,
        fingerprint=prepared.fingerprint,
        version=prepared.stage.version,
        params=prepared.params,
        asked=prepared.asked.model_dump(mode="json"),
        engine=dict(resolution.engine) if resolution.engine is not None else None,
        why=resolution.why,
        inputs={name: artifact.fingerprint for name, artifact in prepared.inputs.items()},
        sha256=prepared.item.sha256,
        facts=dict(outcome.facts),
        warnings=tuple(printable(warning) for warning in outcome.warnings),
        reason=reason,
        seconds=round(seconds, 3),
        realtime=round(duration / seconds, 3) if reason is None and seconds > 0 else None,
    )
