"""A gateway that listens, with its jobs carried out in this process instead of by Dagster."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from media_pipeline.gateway.dagster_client import DagsterClient, Run
from media_pipeline.gateway.server import Server, server_config
from media_pipeline.gateway.service import Service
from media_pipeline.settings import Settings
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.ice import KEY, SECRET
from media_pipeline_tests.generators.storage import ObjectStorage


class InProcessDagster(DagsterClient):
    """Runs what is launched at once, unless it is told to hold."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("http://127.0.0.1:1")
        from media_pipeline.dagster.productions import request_jobs
        from media_pipeline.dagster.resources import Pipeline
        from media_pipeline.profiles import default_stages

        self._pipeline = Pipeline(default_stages(), settings=settings)
        self._jobs = {job.name: job for job in request_jobs()}
        self.held = False
        self.kept: list[Run] = []

    def launch(self, job: str, *, config: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        import dagster as dg

        run_id = str(uuid.uuid4())
        self.kept.insert(0, Run(run_id, "QUEUED", tags))
        if not self.held:
            with dg.DagsterInstance.ephemeral() as instance:
                done = self._jobs[job].execute_in_process(
                    run_config={**config, "loggers": {"console": {"config": {
                        "log_level": "CRITICAL"}}}},
                    resources={"pipeline": self._pipeline},
                    instance=instance,
                    raise_on_error=False,
                    run_id=run_id,
                )  # fmt: skip
            self.kept[0] = Run(run_id, "SUCCESS" if done.success else "FAILURE", tags)
        return run_id

    def runs(self, *, job_id: str | None = None, ids: Sequence[str] = ()) -> list[Run]:
        return [
            run
            for run in self.kept
            if (run.tags["media/job_id"] == job_id if job_id else run.id in ids)
        ]

    def end(self, run_id: str, *, gone: bool = False) -> None:
        self.kept = [Run(r.id, "CANCELED", r.tags) if r.id == run_id else r for r in self.kept]

    def ready(self) -> bool:
        return True


class Gateway:
    """A listening gateway and what it works with."""

    def __init__(self, service: Service, dagster: InProcessDagster, storage: ObjectStorage) -> None:
        self.service = service
        self.dagster = dagster
        self.settings = service.settings
        self.storage = storage
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rest(self, seconds: float = 60) -> None:
        """Wait until no job is on its way any more, also none that another test left behind."""
        end = time.monotonic() + seconds
        while (left := self.service.outbox.counts())["waiting"] or left["running"]:
            assert time.monotonic() < end, f"jobs did not come to an end: {left}"
            time.sleep(0.02)

    def cleared(self, seconds: float = 60) -> None:
        """Wait until nothing is left of what jobs fetched; it goes after their end was noted."""
        end = time.monotonic() + seconds
        while left := list((self.settings.cache_dir / "jobs").glob("*")):
            assert time.monotonic() < end, f"jobs left something behind: {left}"
            time.sleep(0.02)

    def filled(self, files: Iterable[Path]) -> str:
        """A bucket with copies of files; its name."""
        uri = self.storage.bucket()
        storage, root = open_filesystem(uri, self.settings.storage_options(uri))
        for path in files:
            storage.put_file(str(path), f"{root}/{path.name}")
        return uri.removeprefix("s3://")

    def submit(
        self, function: str, bucket: str, media: str, out: str, params: object
    ) -> httpx.Response:
        """SubmitIProductionJob, unsigned, for something in a bucket; no ``out``, no output."""
        asked = {
            "Action": "SubmitIProductionJob",
            "Version": "2020-11-09",
            "FunctionName": function,
            "Input": json.dumps({"Type": "OSS", "Media": f"oss://{bucket}/{media}"}),
            "Output": json.dumps({"Type": "OSS", "Media": out and f"oss://{bucket}/out/{out}"}),
            "JobParams": json.dumps(params),
        }
        return httpx.post(self.url, params=asked, trust_env=False)

    def finished(self, job: str, seconds: float = 240) -> dict[str, Any]:
        """The job when it has ended, as QueryIProductionJob shows it."""
        asked = {"Action": "QueryIProductionJob", "Version": "2020-11-09", "JobId": job}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found: dict[str, Any] = httpx.post(self.url, params=asked, trust_env=False).json()
            if found["Status"] not in {"Queuing", "Analysing"}:
                return found
            time.sleep(0.1)
        raise AssertionError(f"the job does not end: {found}")

    def sdk(self, key: str = KEY, secret: str = SECRET, endpoint: str = "") -> Any:
        """A client of the official SDK."""
        from alibabacloud_ice20201109.client import Client
        from alibabacloud_tea_openapi.models import Config

        return Client(
            Config(
                access_key_id=key,
                access_key_secret=secret,
                endpoint=endpoint or f"127.0.0.1:{self.port}",
                protocol="http",
                region_id="cn-shanghai",
            )
        )

    def rpc(self, action: str, method: str = "POST", secret: str = SECRET, **query: str) -> Any:
        """A call by the older sdk-core."""
        from aliyunsdkcore.client import AcsClient
        from aliyunsdkcore.request import CommonRequest

        request = CommonRequest()
        request.set_domain(f"127.0.0.1:{self.port}")
        request.set_protocol_type("http")
        request.set_version("2020-11-09")
        request.set_action_name(action)
        request.set_method(method)
        for name, value in query.items():
            request.add_query_param(name, value)
        return AcsClient(KEY, secret, "cn-shanghai").do_action_with_exception(request)


@contextmanager
def gateway(folder: Path, storage: ObjectStorage, **values: Any) -> Iterator[Gateway]:
    settings = storage.settings(
        folder / "cache",
        lake=str(folder / "lake"),
        inbox=str(folder / "inbox"),
        database=f"sqlite:///{folder / 'gateway.db'}",
        **{
            "results": str(folder / "results"),
            "access_keys": f"{KEY}:{SECRET}",
            "min_free_bytes": 0,
            **values,
        },
    )
    dagster = InProcessDagster(settings)
    service = Service(settings, dagster=dagster)
    server = Server(server_config(service.app, "127.0.0.1", 0), service.let_go)
    thread = threading.Thread(target=server.run)
    thread.start()
    found = Gateway(service, dagster, storage)
    try:
        while not server.started:
            time.sleep(0.02)
            assert thread.is_alive()
        found.port = server.servers[0].sockets[0].getsockname()[1]
        yield found
    finally:
        server.should_exit = True
        thread.join()
