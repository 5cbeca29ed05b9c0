"""Request runs: one job per function, fetch → produce → deliver, for the gateway's callers.

They make what was asked for and put it where it was asked for. No asset's materialisation and no
``current`` pointer is touched. What becomes of the job is written into its row; a run that finds
the row finished does nothing more.

A film from the web is fetched once. What goes on with the job in other runs, because its film is
worked on in parts or because a run died, takes the copy that the first one has fetched.

Annotations are evaluated here: Dagster reads the config classes of ops from them.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import Any

import dagster as dg
import sqlalchemy as sa

from media_pipeline.dagster.assets import RETRIES, reported_errors
from media_pipeline.dagster.handover import handing_over
from media_pipeline.dagster.leases import PATIENCE_S
from media_pipeline.dagster.resources import RESOURCE, Pipeline
from media_pipeline.errors import (
    InvalidParameter,
    MediaPipelineError,
    SourceGone,
    StoreError,
    UnknownMedia,
    known_as,
)
from media_pipeline.production.base import Function, Job
from media_pipeline.production.functions import REQUESTS
from media_pipeline.requests.order import Medium, Order, job_name
from media_pipeline.requests.outbox import Outbox, Outcome
from media_pipeline.requests.records import MediaRegistry
from media_pipeline.requests.tables import Database
from media_pipeline.runner import PartsWanted
from media_pipeline.runner.copies import keep_original
from media_pipeline.settings import Settings, uri_scheme
from media_pipeline.store import MediaItem
from media_pipeline.store.manifest import FileEntry
from media_pipeline.store.room import room
from media_pipeline.transfer import addresses
from media_pipeline.transfer.fetch import Fetched, fetch
from media_pipeline.transfer.upload import Delivered, remove, upload
from media_pipeline.transfer.web import download

FETCHED_TAG = "media/fetched"
"""On the runs of a job: the keys of the media that one of them has fetched from the web, by their
place in the order, as JSON.
"""

_WEB = frozenset({"http", "https"})
_BEAT_S = 2.0


class RequestConfig(dg.Config):
    """The job's id in the gateway's table, and its order as JSON."""

    job: str
    order: str


class Cancelled(Exception):
    """The job was finished by somebody else, by cancelling it."""


class Desk:
    """A run's view of its job: the row, and the folder for what it makes."""

    def __init__(self, settings: Settings, job: str, order: Order, run_id: str) -> None:
        self.settings = settings
        self.job = job
        self.run_id = run_id
        self.order = order
        self.database = Database(settings.database, patience=PATIENCE_S)
        self.outbox = Outbox(
            self.database,
            max_waiting=settings.max_queue_length,
            run_lease=settings.run_lease_seconds,
        )
        self.folder = settings.cache_dir / "jobs" / job
        self.given = self.folder / "given"
        """Further files that came with the request."""
        self.made = self.folder / "made"

    @property
    def output(self) -> str:
        """Where the file goes; what stands for the input's name and for the time is filled in."""
        row = self.outbox.get(self.job)
        accepted = row.accepted if row is not None else time.time()
        return (
            (self.order.output or "")
            .replace("{source}", addresses.file_stem(self.order.media[0].uri))
            .replace("{timestamp}", str(int(accepted)))
            .replace("{job}", self.job)
        )

    def advance(self, progress: float) -> bool:
        """Note the share that is done; false when there is nothing more to do for this run."""
        return self.outbox.advance(self.job, progress, run_id=self.run_id)

    def finish(self, outcome: Outcome, **values: Any) -> bool:
        """End the job; false when it was ended before, or is another run's by now."""
        return self.outbox.finish(self.job, outcome, run_id=self.run_id, **values)

    def is_ours(self) -> bool:
        """Whether what lies at the output can only be from this run."""
        row = self.outbox.get(self.job)
        return row is None or (row.run_id == self.run_id and row.outcome != "success")

    def beat(self, first: float, last: float) -> Callable[[float], None]:
        """Progress of a part of the work; notes it in the row, and ends the work when the job was
        cancelled.
        """
        noted = 0.0

        def report(share: float) -> None:
            nonlocal noted
            now = time.monotonic()
            if now - noted < _BEAT_S:
                return
            noted = now
            if not self.advance(first + share * (last - first)):
                raise Cancelled

        return report


@contextmanager
def desk(context: dg.OpExecutionContext, told: Mapping[str, Any]) -> Iterator[Desk]:
    """The desk for the time of one op. What goes wrong there is what the job failed for."""
    pipeline: Pipeline = getattr(context.resources, RESOURCE)
    order = Order.model_validate_json(told["order"])
    opened = Desk(pipeline.settings, told["job"], order, context.run_id)
    keep = False
    try:
        lease = opened.outbox.lease(opened.job)
        with lease.kept(), reported_errors(), room(opened.settings.cache_dir):
            yield opened
        keep = True
    except Cancelled:
        context.log.info("the job was cancelled")
        # So that the run ends as cancelled as well, whether or not Dagster was asked for it by now.
        context.instance.report_run_canceling(context.run, "the job was cancelled")
        raise dg.Failure("the job was cancelled", allow_retries=False) from None
    except dg.RetryRequested as asked:
        keep = context.retry_number < RETRIES
        if not keep:
            opened.finish("failed", error=_told(asked))
        raise
    except sa.exc.DBAPIError:
        raise  # not what was asked for has failed but our database: another run is to try again
    except Exception as error:
        opened.finish("failed", error=_told(error))
        raise
    finally:
        if not keep:
            shutil.rmtree(opened.folder, ignore_errors=True)
        opened.database.close()


def request_jobs() -> list[dg.JobDefinition]:
    """A job for every function that requests can ask for."""
    return [_job(name, function) for name, function in REQUESTS.items()]


def _job(name: str, function: Function) -> dg.JobDefinition:
    needs = {RESOURCE}

    @dg.op(name=f"fetch_{name}", required_resource_keys=needs, pool="decode")
    def fetch(context: dg.OpExecutionContext, config: RequestConfig) -> dict[str, Any]:
        told: dict[str, Any] = {"job": config.job, "order": config.order}
        with desk(context, told) as at:
            if not at.outbox.start(at.job, context.run_id):
                raise Cancelled
            items = _fetched(context, at)
            keys = [item.key for item in items]
            limit = function.prepare(at.order.params).max_file_bytes
            return {**told, "keys": keys, "given": _further_files(at, limit)}

    @dg.op(
        name=f"produce_{name}",
        required_resource_keys=needs,
        pool=function.pool or None,
        out=dg.Out(is_required=False),
    )
    def produce(
        context: dg.OpExecutionContext, told: dict[str, Any]
    ) -> Iterator[dg.Output[dict[str, Any]]]:
        with desk(context, told) as at, handing_over(context), _shared(context, at, told):
            yield dg.Output({**told, **_produced(context, at, function, told)})

    @dg.op(name=f"deliver_{name}", required_resource_keys=needs)
    def deliver(context: dg.OpExecutionContext, told: dict[str, Any]) -> None:
        with desk(context, told) as at:
            _deliver(context, at, told)
            shutil.rmtree(at.folder, ignore_errors=True)

    @dg.job(
        name=job_name(name),
        executor_def=dg.in_process_executor,
        description=f"{name}, as the gateway's callers ask for it.",
    )
    def request() -> None:
        deliver(produce(fetch()))

    return request


# --- fetch ----------------------------------------------------------------------------------------


def _fetched(context: dg.OpExecutionContext, at: Desk) -> list[MediaItem]:
    pipeline: Pipeline = getattr(context.resources, RESOURCE)
    registry = MediaRegistry(at.database)
    before = json.loads(context.run.tags.get(FETCHED_TAG, "{}"))
    items, seconds = [], 0.0
    for number, medium in enumerate(at.order.media):
        share = 0.2 / len(at.order.media)
        progress = at.beat(share * number, share * (number + 1))
        item = _fetched_before(pipeline, before.get(str(number)), progress)
        item = item or _ingested(pipeline, at, medium, progress)
        source = pipeline.runner.request(item.key, "source")
        media = source.facts["media"]
        seconds += float(media["duration"])
        registry.examined(medium.uri, item.key, item.size, media)
        items.append(item)
    if from_web := _from_web(at.order, [item.key for item in items]):
        context.instance.add_run_tags(context.run_id, {FETCHED_TAG: json.dumps(from_web)})
    limit = REQUESTS[at.order.function].max_seconds
    if limit is not None and seconds > limit:
        raise InvalidParameter(
            f"the media last {seconds:.0f} s together, value range: <= {limit:.0f}"
        )
    return items


def _from_web(order: Order, keys: list[str]) -> dict[int, str]:
    """The keys of what comes from the web, by place."""
    numbered = enumerate(zip(order.media, keys, strict=True))
    return {n: key for n, (medium, key) in numbered if uri_scheme(medium.uri) in _WEB}


def _fetched_before(
    pipeline: Pipeline, key: str | None, progress: Callable[[float], None]
) -> MediaItem | None:
    """What an earlier run of the job has fetched, where it can still be had."""
    if key is None:
        return None
    try:
        item = pipeline.runner.store.media.get(key)
        pipeline.runner.originals.path(item, progress)
    except (UnknownMedia, SourceGone):
        return None
    return item


def _ingested(
    pipeline: Pipeline, at: Desk, medium: Medium, progress: Callable[[float], None]
) -> MediaItem:
    place = _place(pipeline, at, medium)
    named = known_as(medium.name, place) if isinstance(place, Path) else nullcontext()
    with named:
        return pipeline.runner.ingest(place, progress=progress)


@contextmanager
def _shared(context: dg.OpExecutionContext, at: Desk, told: Mapping[str, Any]) -> Iterator[None]:
    """Put what came from the web where other machines find it, before parts of it are asked for."""
    pipeline: Pipeline = getattr(context.resources, RESOURCE)
    runner = pipeline.runner
    try:
        yield
    except PartsWanted:
        for key in _from_web(at.order, told["keys"]).values():
            keep_original(runner.store, runner.originals, runner.store.media.get(key))
        raise


def _place(pipeline: Pipeline, at: Desk, medium: Medium) -> str | Path:
    """What the runner can open: a web address is fetched into the cache first."""
    if uri_scheme(medium.uri) not in _WEB:
        return medium.uri
    cache = pipeline.runner.store.cache
    got = _copied(at, medium, "input")
    return cache.adopt(got.path, FileEntry(name=got.path.name, size=got.size, sha256=got.sha256))


def _further_files(at: Desk, max_bytes: int | None) -> dict[str, str]:
    """Fetch what the function needs besides the film; the paths by the parameters' names."""
    return {
        name: str(_copied(at, medium, str(number), max_bytes).path)
        for number, (name, medium) in enumerate(at.order.files.items())
    }


def _copied(at: Desk, medium: Medium, stem: str, max_bytes: int | None = None) -> Fetched:
    """Bring a file into the job's folder, from the web or from object storage."""
    suffix = PurePosixPath(addresses.file_name(medium.uri)).suffix
    target = at.given / f"{stem}{suffix if suffix[1:].isalnum() else ''}"
    target.parent.mkdir(parents=True, exist_ok=True)
    limit, progress = max_bytes or int(at.settings.max_media_bytes), at.beat(0.0, 0.1)
    if uri_scheme(medium.uri) in _WEB:
        hosts = at.settings.allowed_hosts
        return download(medium.uri, target, allowed_hosts=hosts, max_bytes=limit, progress=progress)
    options = at.settings.storage_options(medium.uri)
    return fetch(medium.uri, target, max_bytes=limit, storage_options=options, progress=progress)


# --- produce --------------------------------------------------------------------------------------


def _produced(
    context: dg.OpExecutionContext, at: Desk, function: Function, told: Mapping[str, Any]
) -> dict[str, Any]:
    pipeline: Pipeline = getattr(context.resources, RESOURCE)
    task, keys = function.prepare(at.order.params), told["keys"]
    shutil.rmtree(at.made, ignore_errors=True)
    at.made.mkdir(parents=True)
    name = at.output.rsplit("/", 1)[-1]
    files = {name: Path(path) for name, path in told["given"].items()}
    results = []
    for number, key in enumerate(keys):
        first, last = (0.2 + 0.7 * n / len(keys) for n in (number, number + 1))
        before = len(list(at.made.iterdir()))
        job = Job(
            pipeline.runner,
            key,
            at.made,
            name,
            at.beat(first, last),
            note=context.log.warning,
            index=before,
            files=files,
        )
        results.append(task.work(job))
    made = sorted(path.name for path in at.made.iterdir())
    return {"results": results, "files": made}


# --- deliver --------------------------------------------------------------------------------------


def _deliver(context: dg.OpExecutionContext, at: Desk, told: Mapping[str, Any]) -> None:
    base = at.output.rpartition("/")[0]
    uris = {name: f"{base}/{name}" for name in told["files"]}
    missing = [name for name in uris if not (at.made / name).is_file()]
    if missing:
        raise StoreError(f"{missing[0]} was made on another machine", "run all steps again")
    delivered: list[Delivered] = upload(
        {uri: at.made / name for name, uri in uris.items()},
        storage_options=at.settings.storage_options(base or "s3://"),
        proceed=lambda: at.advance(0.95),
        undo=at.is_ours,
    )
    if len(delivered) != len(uris):
        raise Cancelled
    registry = MediaRegistry(at.database)
    ids = [registry.register(one.uri, one.uri).id for one in delivered] if at.order.as_media else []
    result = {
        "results": told["results"],
        "files": [
            {"name": name, "uri": one.uri, "size": one.size, "sha256": one.sha256}
            for name, one in zip(uris, delivered, strict=True)
        ],
        "media_ids": ids,
    }
    if not at.finish("success", result=result):
        if at.is_ours():
            remove([one.uri for one in delivered], at.settings.storage_options(base or "s3://"))
        raise Cancelled
    context.log.info(f"delivered {len(delivered)} files")


def _told(error: Exception) -> tuple[str, str]:
    """What the caller is told of a failure: a typed error in its own words, no other in any."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MediaPipelineError):
            return cause.code, str(cause)
        cause = cause.__cause__
    return "InternalError", "the job failed for a reason of ours: see the run in Dagster"
