"""The runner: makes an artifact, or finds it made. The doors of the product call nothing else to
get a result.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError

from media_pipeline.errors import (
    InputError,
    InvalidParameter,
    MediaTooLarge,
    Unavailable,
    rebuild,
)
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.profiles import Profile, checked_params, default_stages, upstream
from media_pipeline.runner import corrections
from media_pipeline.runner.fingerprint import fingerprint
from media_pipeline.runner.preparation import SOURCE, Prepared, prepare
from media_pipeline.runner.status import Status, survey
from media_pipeline.settings import Settings, environment
from media_pipeline.stages.base import (
    Environment,
    Outcome,
    Progress,
    Stage,
    StageParams,
    quiet,
    raise_reason,
)
from media_pipeline.store import Manifest, MediaItem, ReasonEntry, Store, StoredArtifact
from media_pipeline.store.artifact import table_file
from media_pipeline.store.lock import held
from media_pipeline.store.validate import validate
from media_pipeline.transfer.originals import Original, Originals

Params = StageParams | Mapping[str, Any]

_HEARTBEAT_S = 60.0
_INGEST_FETCHED = (
    0.5  # share of the progress of `ingest` that fetching takes, hashing takes the rest
)


@dataclass(frozen=True, slots=True)
class RunResult:
    """An artifact, and whether it was there already."""

    artifact: StoredArtifact
    reused: bool


class Runner:
    """Runs stages for the media items of a lake.

    Parameters
    ----------
    store : the lake.
    environment : what the machine lets stages use.
    stages : by name, in the order in which data flows; by default the product's.
    originals : finds original media; by default through the lake's cache.
    max_media_seconds : limit of what is added.
    """

    def __init__(
        self,
        store: Store,
        environment: Environment | None = None,
        *,
        stages: Mapping[str, Stage] | None = None,
        originals: Originals | None = None,
        max_media_seconds: float | None = None,
    ) -> None:
        self.store = store
        self.environment = environment or Environment()
        self.originals = originals or Originals(store.cache)
        self.max_media_seconds = max_media_seconds
        self._stages = stages
        self._info: dict[str, MediaInfo] = {}

    @classmethod
    def from_settings(
        cls, settings: Settings | None = None, *, stages: Mapping[str, Stage] | None = None
    ) -> Runner:
        """A runner on the lake and with the limits of the settings."""
        settings = settings or Settings()
        store = Store.from_settings(settings)
        originals = Originals(
            store.cache,
            max_bytes=int(settings.max_media_bytes),
            storage_options=settings.storage_options("s3://"),
        )
        return cls(
            store,
            environment(settings),
            stages=stages,
            originals=originals,
            max_media_seconds=settings.max_media_seconds,
        )

    @property
    def stages(self) -> Mapping[str, Stage]:
        """The stages by name, in the order in which data flows."""
        if self._stages is None:
            self._stages = default_stages()
        return self._stages

    # --- media ---

    def ingest(self, place: str | Path, *, progress: Progress = quiet) -> MediaItem:
        """Add a file to the lake: check it, hash it, and register its name and place.

        Nothing is copied into the lake, and nothing is registered when a check fails.

        Raises
        ------
        MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia, ZeroDuration, MediaTooLarge
        InvalidParameter
            when the URI's scheme is not supported.
        """
        original = self.originals.locate(place, lambda share: progress(share * _INGEST_FETCHED))
        info = self._probed(original)
        limit = self.max_media_seconds
        if limit is not None and info.duration > limit:
            raise MediaTooLarge(
                f"{original.name} lasts {info.duration:,.0f} s, the limit is {limit:,.0f} s",
                "raise MEDIA_PIPELINE_MAX_MEDIA_SECONDS or give a shorter file",
            )
        original = self.originals.hashed(
            original, lambda share: progress(_INGEST_FETCHED + share * (1 - _INGEST_FETCHED))
        )
        item = self.store.media.add(original.sha256, original.size, original.name, original.uri)
        self._info[item.key] = info
        progress(1.0)
        return item

    @staticmethod
    def _probed(original: Original) -> MediaInfo:
        try:
            return probe(original.path)
        except InputError as error:
            # People know the file by the place they gave, not by its copy in the cache.
            place = original.uri if not original.uri.startswith("file:") else str(original.path)
            message = error.message.replace(str(original.path), place)
            raise rebuild(error.code, message, error.remedy) from error

    # --- stages ---

    def run(
        self,
        key: str,
        stage: str | Stage,
        params: Params | None = None,
        *,
        inputs: Mapping[str, str] | None = None,
        move_current: bool = True,
        direct: bool = False,
        force: bool = False,
        discard_human: bool = False,
        progress: Progress = quiet,
    ) -> RunResult:
        """Make one artifact of a media item, or find it made.

        Parameters
        ----------
        key : of the media item.
        stage : the stage or its name.
        params : defaults where not given.
        inputs : fingerprints of upstream artifacts to use; the others are the current ones.
        move_current : whether the result becomes the canonical one (catalogue runs).
        direct : raise ``Unavailable`` errors instead of publishing an empty artifact with the
            reason.
        force : compute also when the artifact is there; the new one takes its place.
        discard_human : let the result take the place of a person's correction.
        progress : called with the share that is done; may raise to cancel.

        Returns
        -------
        RunResult
            In a catalogue run of an asset that a person has corrected: the correction.

        Raises
        ------
        UnknownMedia, InvalidParameter, ArtifactMissing, SourceGone, InvalidArtifact
        Unavailable
            in direct mode.
        """
        item = self.store.media.get(key)
        stage = self._stage(stage)
        asked = checked_params(stage, params)
        if move_current and not discard_human:
            current = self.store.current(stage.name, key)
            if current is not None and current.human:
                return RunResult(current, reused=True)
        prepared = self._prepare(item, stage, asked, inputs or {})
        result = None if force else self._existing(prepared)
        if result is None:
            with self._alone(prepared, progress):
                result = (None if force else self._existing(prepared)) or RunResult(
                    self._make(prepared, direct=direct, force=force, progress=progress),
                    reused=False,
                )
        if direct:
            raise_reason(result.artifact)
        if move_current:
            self._move_current(result.artifact, discard_human)
        progress(1.0)
        return result

    def request(
        self,
        key: str,
        stage: str | Stage,
        params: Mapping[str, Params] | None = None,
        *,
        progress: Progress = quiet,
    ) -> StoredArtifact:
        """Make an artifact for one request, with whatever upstream it lacks; ``current`` never
        moves.

        Upstream artifacts are the current ones where those fit: made by this version from the same
        inputs, and not asked for with parameters of their own.

        Parameters
        ----------
        params : parameters by stage, for the stage itself and any upstream one.

        Raises
        ------
        Unavailable, UnknownMedia, InvalidParameter, SourceGone, InvalidArtifact
        """
        target = self._stage(stage)
        chain = [self.stages[n] for n in upstream(self.stages, target.inputs)] + [target]
        params = params or {}
        strange = set(params) - {step.name for step in chain}
        if strange:
            raise InvalidParameter(
                f"{target.name} does not depend on {min(strange)}",
                f"give parameters of {', '.join(step.name for step in chain)}",
            )
        made: dict[str, StoredArtifact] = {}
        for number, step in enumerate(chain):

            def share(part: float, number: int = number) -> None:
                progress((number + part) / len(chain))

            inputs = {name: made[name].fingerprint for name in step.inputs}
            if step is target:
                return self.run(
                    key,
                    step,
                    params.get(step.name),
                    inputs=inputs,
                    move_current=False,
                    direct=True,
                    progress=share,
                ).artifact
            made[step.name] = self._upstream(key, step, params.get(step.name), inputs, share)
        raise AssertionError("the chain ends with the target")

    def correct(self, key: str, captions: Path) -> StoredArtifact:
        """Make a person's captions the canonical ones, until they are discarded or corrected again.

        Raises
        ------
        UnknownMedia, MediaNotFound, EmptyMedia, InvalidCaptions
        """
        item = self.store.media.get(key)
        stage = self._stage(corrections.ASSET)
        info = self._media_info(item, {})
        cues = corrections.read_correction(Path(captions), info.duration)
        name = fingerprint(
            stage.name, stage.version, {"human": corrections.content(cues)}, None, {}, item.sha256
        )
        artifact = self.store.get(stage.name, key, name)
        if artifact is None:
            manifest = corrections.correction_manifest(item, stage, cues, name, Path(captions).name)
            with self.store.scratch() as scratch:
                out = _subfolder(scratch, "out")
                corrections.write_correction(cues, out)
                validate(stage, out, manifest.facts, info.duration)
                artifact = self.store.publish(out, manifest)
        self.store.set_current(artifact)
        return artifact

    # --- what is missing ---

    def status(self, key: str, profile: Profile | None = None) -> dict[str, Status]:
        """How each asset of a media item stands against what a profile would give, in data-flow
        order.

        Raises
        ------
        UnknownMedia, InvalidParameter
        """
        item = self.store.media.get(key)
        profile = profile or Profile()

        def prepared(stage: Stage) -> Prepared:
            return self._prepare(item, stage, profile.stage_params(stage), {})

        chosen = [self.stages[name] for name in profile.selected(self.stages)]
        return survey(chosen, lambda asset: self.store.current(asset, key), prepared)

    def missing(self, key: str, profile: Profile | None = None) -> list[str]:
        """The assets of a media item that a run with the profile would make, renew or try again."""
        return [name for name, status in self.status(key, profile).items() if status.wanted]

    # --- how a run goes ---

    def _stage(self, stage: str | Stage) -> Stage:
        if isinstance(stage, Stage):
            return stage
        if stage not in self.stages:
            raise InvalidParameter(
                f"there is no stage {stage}", f"choose from {', '.join(self.stages)}"
            )
        return self.stages[stage]

    def _prepare(
        self, item: MediaItem, stage: Stage, params: StageParams, inputs: Mapping[str, str]
    ) -> Prepared:
        return prepare(self.store, item, stage, params, inputs, self.environment, self._media_info)

    def _media_info(self, item: MediaItem, inputs: Mapping[str, StoredArtifact]) -> MediaInfo:
        """What probing found: as the source artifact says it, else by probing now."""
        source = inputs.get(SOURCE)
        if source is None and item.key in self._info:
            return self._info[item.key]
        info = _recorded(source or self.store.current(SOURCE, item.key))
        if info is None:
            info = self._info.get(item.key) or probe(self.originals.path(item))
        self._info[item.key] = info
        return info

    def _existing(self, prepared: Prepared) -> RunResult | None:
        artifact = self.store.get(prepared.stage.name, prepared.item.key, prepared.fingerprint)
        return RunResult(artifact, reused=True) if artifact else None

    def _upstream(
        self,
        key: str,
        stage: Stage,
        params: Params | None,
        inputs: Mapping[str, str],
        progress: Progress,
    ) -> StoredArtifact:
        current = self.store.current(stage.name, key)
        if params is None and current is not None:
            old = current.manifest
            same = all(old.inputs.get(name) == named for name, named in inputs.items())
            if current.human or (same and old.version == stage.version):
                return current
            params = _still_valid(stage, old.asked)
        return self.run(
            key, stage, params, inputs=inputs, move_current=False, progress=progress
        ).artifact

    def _move_current(self, artifact: StoredArtifact, discard_human: bool) -> None:
        pointers = self.store.pointers(artifact.asset, artifact.media_key)
        if pointers != {artifact.fingerprint}:
            self.store.set_current(artifact, discard_human=discard_human)

    @contextmanager
    def _alone(self, prepared: Prepared, progress: Progress) -> Iterator[None]:
        """Let no other run on this machine compute the same artifact at the same time."""
        lock = (
            self.store.backend.scratch / "locks" / f"{prepared.stage.name}-{prepared.fingerprint}"
        )
        with held(lock, lambda: progress(0.0)):
            yield

    def _make(
        self, prepared: Prepared, *, direct: bool, force: bool, progress: Progress
    ) -> StoredArtifact:
        stage, started = prepared.stage, time.monotonic()
        with self.store.scratch() as scratch:
            out = _subfolder(scratch, "out")
            try:
                if prepared.refusal is not None:
                    raise prepared.refusal
                outcome = self._call(prepared, scratch, out, progress)
                validate(stage, out, outcome.facts, prepared.work.info.duration)
                reason = None
            except Unavailable as error:
                if direct:
                    raise
                outcome = Outcome(warnings=[str(error)])
                reason = ReasonEntry(code=error.code, message=error.message, remedy=error.remedy)
                out = _subfolder(scratch, "empty")
                for table in stage.tables:
                    pq.write_table(table.spec.empty(), out / table_file(table.name))  # type: ignore[no-untyped-call]
            seconds = time.monotonic() - started
            manifest = _manifest(prepared, outcome, reason, seconds)
            return self.store.publish(out, manifest, replace=force)

    def _call(self, prepared: Prepared, scratch: Path, out: Path, progress: Progress) -> Outcome:
        work = replace(
            prepared.work,
            inputs={n: a.pinned(scratch / "inputs") for n, a in prepared.inputs.items()},
            params=prepared.resolution.params,
            engine=prepared.resolution.engine,
            out=out,
            progress=_steady(progress, scratch),
        )
        if prepared.needs_original:
            work = replace(work, media=self.originals.path(prepared.item))
        if not prepared.stage.inputs:
            work = replace(work, info=probe(work.media))
        return prepared.stage.run(work)


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


def _recorded(source: StoredArtifact | None) -> MediaInfo | None:
    """What a source artifact says of the media, or None when it is of another version."""
    if source is None or "media" not in source.facts:
        return None
    try:
        return MediaInfo.model_validate(source.facts["media"])
    except ValidationError:
        return None


def _still_valid(stage: Stage, asked: Mapping[str, Any]) -> StageParams | None:
    """Parameters of an older artifact, or None when this version does not take them."""
    try:
        return checked_params(stage, asked)
    except InvalidParameter:
        return None


def _steady(progress: Progress, scratch: Path) -> Callable[[float], None]:
    """Progress that never goes back or out of [0, 1], and tells the lake that the scratch folder is
    in use.
    """
    done, beat = 0.0, time.monotonic()

    def report(share: float) -> None:
        nonlocal done, beat
        done = min(1.0, max(done, share))
        if time.monotonic() - beat > _HEARTBEAT_S:
            beat = time.monotonic()
            os.utime(scratch)
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
        warnings=tuple(outcome.warnings),
        reason=reason,
        seconds=round(seconds, 3),
        realtime=round(duration / seconds, 3) if seconds > 0 else None,
    )
