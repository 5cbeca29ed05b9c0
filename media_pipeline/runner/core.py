"""The runner: makes an artifact, or finds it made. All doors of the product come through here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.held import MODELS
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.profiles import Profile, checked_params, default_stages, upstream
from media_pipeline.runner import corrections
from media_pipeline.runner.execution import alone, make
from media_pipeline.runner.fingerprint import fingerprint
from media_pipeline.runner.ingest import add
from media_pipeline.runner.parts import PartOrder, Parts, in_parts, part_of
from media_pipeline.runner.preparation import SOURCE, Prepared, prepare, recorded_info, still_valid
from media_pipeline.runner.status import Status, survey
from media_pipeline.settings import Settings, environment
from media_pipeline.stages.base import (
    Environment,
    Progress,
    Stage,
    StageParams,
    quiet,
    raise_reason,
)
from media_pipeline.store import MediaItem, Store, StoredArtifact
from media_pipeline.store.validate import validate
from media_pipeline.transfer.originals import Originals

Params = StageParams | Mapping[str, Any]


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
        self.parts: Parts | None = None
        """How long films are worked on in parts, where somebody can make these."""
        self._stages = stages
        self._info: dict[str, MediaInfo] = {}

    @classmethod
    def from_settings(
        cls, settings: Settings | None = None, *, stages: Mapping[str, Stage] | None = None
    ) -> Runner:
        """A runner on the lake and with the limits of the settings."""
        settings = settings or Settings()
        MODELS.bound(int(settings.model_memory))  # of this process
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
        item, info = add(
            self.store, self.originals, place, self.max_media_seconds, progress=progress
        )
        self._info[item.key] = info
        return item

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
        PartsWanted
            when the film is to be worked on in parts which have to be made first.
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
        if result is None and self.parts is not None and not force:
            prepared = self._in_parts(prepared, self.parts)
        if result is None:
            with alone(self.store, prepared, progress):
                result = (None if force else self._existing(prepared)) or RunResult(
                    make(
                        self.store,
                        self.originals,
                        prepared,
                        direct=direct,
                        replace_existing=force,
                        progress=progress,
                    ),
                    reused=False,
                )
        if direct:
            raise_reason(result.artifact)
        if move_current:
            self._move_current(result.artifact, discard_human)
        progress(1.0)
        return result

    def part(self, order: PartOrder, *, progress: Progress = quiet) -> StoredArtifact:
        """Make one part of a film, or find it made.

        Raises
        ------
        Unavailable, UnknownMedia, InvalidParameter, SourceGone, InvalidArtifact
        """
        stage = self._stage(order.stage)
        assert stage.split is not None  # noqa: S101 - else nobody would have ordered it
        return self.run(
            order.key,
            part_of(stage, stage.split),
            {**order.params, "task": order.task},
            inputs=order.inputs,
            move_current=False,
            direct=True,
            progress=progress,
        ).artifact

    def request(
        self,
        key: str,
        stage: str | Stage,
        params: Mapping[str, Params] | None = None,
        *,
        without: Collection[str] = (),
        progress: Progress = quiet,
    ) -> StoredArtifact:
        """Make an artifact for one request, with what it lacks upstream; ``current`` stays.

        Upstream artifacts are the current ones where those fit: made by this version from the same
        inputs, and not asked for with parameters of their own.

        Parameters
        ----------
        params : parameters by stage, for the stage itself and any upstream one.
        without : dispensable inputs that are not worth making for this; they are used where they
            are there already.

        Raises
        ------
        Unavailable, UnknownMedia, InvalidParameter, SourceGone, InvalidArtifact
        """
        target = self._stage(stage)
        direct = set(target.inputs) - set(without).intersection(target.dispensable)
        chain = [self.stages[n] for n in upstream(self.stages, direct, without=without)] + [target]
        params = params or {}
        strange = set(params) - {step.name for step in chain}
        if strange:
            raise InvalidParameter(
                f"{target.name} does not depend on {min(strange)}",
                f"give parameters of {', '.join(step.name for step in chain)}",
            )
        made: dict[str, StoredArtifact] = {}

        def reporter() -> Progress:
            done = len(made)
            return lambda share: progress((done + share) / len(chain))

        def inputs(step: Stage) -> dict[str, str]:
            return {name: made[name].fingerprint for name in step.inputs if name in made}

        for step in chain[:-1]:
            made[step.name] = self._upstream(
                key, step, params.get(step.name), inputs(step), reporter()
            )
        return self.run(
            key,
            target,
            params.get(target.name),
            inputs=inputs(target),
            move_current=False,
            direct=True,
            progress=reporter(),
        ).artifact

    def correct(self, key: str, captions: Path) -> StoredArtifact:
        """Make a person's captions the canonical ones, until they are discarded or corrected again.

        Where captions had been read off the picture, the artifact's facts say how well.

        Raises
        ------
        UnknownMedia, MediaNotFound, EmptyMedia, InvalidCaptions
        """
        item = self.store.media.get(key)
        stage = self._stage(corrections.ASSET)
        info = self._media_info(item, {})
        cues = corrections.read_correction(Path(captions), info.duration)
        read = corrections.what_was_read(self.store, key)
        name = fingerprint(
            stage.name,
            stage.version,
            {"human": corrections.content(cues)},
            None,
            {corrections.READ: read.fingerprint} if read is not None else {},
            item.sha256,
        )
        artifact = self.store.get(stage.name, key, name)
        if artifact is None:
            manifest = corrections.correction_manifest(
                item, stage, cues, name, Path(captions).name, read
            )
            with self.store.scratch() as scratch:
                out = scratch / "out"
                out.mkdir()
                corrections.write_correction(cues, read, out)
                validate(stage, out, manifest.facts, info.duration)
                artifact = self.store.publish(out, manifest)
        self.store.set_current(artifact)
        return artifact

    # --- what is missing ---

    def status(self, key: str, profile: Profile | None = None) -> dict[str, Status]:
        """How each asset of a media item stands against what a profile would give.

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
        info = recorded_info(source or self.store.current(SOURCE, item.key))
        if info is None:
            info = self._info.get(item.key) or probe(self.originals.path(item))
        self._info[item.key] = info
        return info

    def _in_parts(self, prepared: Prepared, parts: Parts) -> Prepared:
        item = prepared.item
        inputs = {name: artifact.fingerprint for name, artifact in prepared.inputs.items()}

        def run(derived: Stage, params: Params) -> StoredArtifact:
            return self.run(item.key, derived, params, inputs=inputs, move_current=False).artifact

        def find(derived: Stage, params: Params) -> StoredArtifact | None:
            wanted = self._prepare(item, derived, checked_params(derived, params), inputs)
            return self.store.get(derived.name, item.key, wanted.fingerprint)

        return in_parts(prepared, parts, run, find)

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
            params = still_valid(stage, old.asked)
        return self.run(
            key, stage, params, inputs=inputs, move_current=False, progress=progress
        ).artifact

    def _move_current(self, artifact: StoredArtifact, discard_human: bool) -> None:
        pointers = self.store.pointers(artifact.asset, artifact.media_key)
        if pointers != {artifact.fingerprint}:
            self.store.set_current(artifact, discard_human=discard_human)
