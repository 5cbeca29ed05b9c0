"""The gateway put together from settings, and run."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from media_pipeline.errors import InvalidParameter
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.caption.desk import Desk
from media_pipeline.gateway.caption.envelope import ENDPOINT
from media_pipeline.gateway.caption.preview import Previews
from media_pipeline.gateway.caption.routes import BODIES, PREFIX, CaptionRoutes
from media_pipeline.gateway.dagster_client import DagsterClient
from media_pipeline.gateway.dispatcher import LEASE_S, Dispatcher
from media_pipeline.gateway.ice import media, production, smart
from media_pipeline.gateway.ice.door import Door, Reply
from media_pipeline.gateway.ice.registry import Registry
from media_pipeline.gateway.ice.site import Site, disk_is_low, lower_camel
from media_pipeline.gateway.metrics import Metrics
from media_pipeline.gateway.pages import Pages, is_loopback
from media_pipeline.gateway.server import Server, server_config
from media_pipeline.requests.outbox import JobRow, Outbox
from media_pipeline.requests.records import Lease, MediaRegistry, Nonces
from media_pipeline.requests.tables import Database
from media_pipeline.settings import Settings
from media_pipeline.transfer.notify import notify

_LOG = logging.getLogger(__name__)


class Service:
    """Everything a gateway consists of.

    Parameters
    ----------
    host : the address it will listen on, which decides what is open without a key.
    dagster : by default the one of the settings.

    Raises
    ------
    InvalidParameter
        when signatures are switched off on an address that other machines reach.
    StoreError
        when the database cannot be opened.
    """

    def __init__(
        self, settings: Settings, *, host: str = "127.0.0.1", dagster: DagsterClient | None = None
    ) -> None:
        if settings.allow_unsigned and not is_loopback(host):
            raise InvalidParameter(
                f"MEDIA_PIPELINE_ALLOW_UNSIGNED is set, and {host} is no loopback address",
                "unset it, or listen on 127.0.0.1",
            )
        self.settings = settings
        self.database = Database(settings.database)
        self.outbox = Outbox(
            self.database,
            max_waiting=settings.max_queue_length,
            run_lease=settings.run_lease_seconds,
        )
        self.nonces = Nonces(self.database)
        self.dagster = dagster or DagsterClient(settings.dagster_url)
        self.site = Site(
            settings,
            self.outbox,
            MediaRegistry(self.database),
            lambda: self.dispatcher.wake(),  # noqa: PLW0108 - it is made below
        )
        self.dispatcher = Dispatcher(
            self.outbox,
            self.nonces,
            Lease(self.database, "dispatcher", LEASE_S),
            self.dagster,
            self._tell,
        )
        self.metrics = Metrics(self.site, lambda: self.dispatcher.leads)
        pages = Pages(self.site, self.metrics, self.ready, host=host)
        self.captions = Desk(self.site)
        self.routes = CaptionRoutes(
            self.captions,
            Previews(self.site),
            max_wait=settings.max_wait_seconds,
            observe=self._observe_captions,
        )
        self.door = self._door()
        self.app = create_app(
            self.door,
            observe=self._observe,
            routers=[pages.router, self.routes.router],
            refusals={PREFIX: self.routes.refusal},
            bodies=BODIES,
            front=pages.front,
            lifespan=self._lifespan,
        )

    def ready(self) -> dict[str, bool]:
        """What the gateway needs, and whether it is there."""
        return {
            "dagster": self.dagster.ready(),
            "disk": not disk_is_low(self.settings),
        }

    def let_go(self) -> None:
        """Answer those who wait for their jobs: the gateway is about to end, the jobs are not."""
        self.routes.let_go()

    def _door(self) -> Door:
        keys: dict[str, list[str]] = {}
        for key in self.settings.access_keys:
            keys.setdefault(key.id, []).append(key.secret.get_secret_value())
        operations = [
            *production.operations(self.site),
            *smart.operations(self.site),
            *media.operations(self.site),
        ]
        return Door(
            Registry(operations),
            lambda identity: keys.get(identity, []),
            self.nonces.remember,
            require_signatures=not self.settings.allow_unsigned,
        )

    def _observe(self, reply: Reply, seconds: float) -> None:
        self.metrics.observe(reply.action, reply.code, seconds)
        facts = {
            "request_id": reply.body["RequestId"],
            "action": reply.action,
            "code": reply.code or "OK",
            "status": reply.status,
            "seconds": round(seconds, 4),
        }
        job = reply.body.get("JobId")
        _LOG.info("request", extra={**facts, **({"job_id": job} if job else {})})

    def _observe_captions(self, path: str, status: int, seconds: float, job: str) -> None:
        self.metrics.observe(path, "" if status < 400 else str(status), seconds)
        facts = {"action": path, "status": status, "seconds": round(seconds, 4)}
        _LOG.info("request", extra={**facts, **({"job_id": job} if job else {})})

    def _tell(self, row: JobRow) -> None:
        """Send the webhook of a finished job.

        Raises
        ------
        MediaPipelineError
            when it was not taken.
        """
        secret = self.settings.webhook_secret
        notify(
            row.notify or "",
            self._message(row),
            secret=secret.get_secret_value() if secret else None,
            allowed_hosts=self.settings.allowed_hosts,
        )

    def _message(self, row: JobRow) -> Mapping[str, Any]:
        if row.action == ENDPOINT:
            return self.captions.envelopes.of(row)
        answer = production.answer if row.action == production.SUBMIT else smart.answer
        return dict(lower_camel({"RequestId": row.id, **answer(self.site, row)}))

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        self.dispatcher.start()
        try:
            yield
        finally:
            await run_in_threadpool(self.dispatcher.stop)
            self.dagster.close()
            self.database.close()


def run(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    service = Service(settings, host=host)
    if not settings.access_keys and not settings.allow_unsigned:
        _LOG.warning("MEDIA_PIPELINE_ACCESS_KEYS is empty: every ICE request will be refused")
    if not settings.api_keys:
        _LOG.warning("MEDIA_PIPELINE_API_KEYS is empty: every request to /v1 will be refused")
    with suppress(KeyboardInterrupt):  # how it says, when all is done, that SIGINT ended it
        Server(server_config(service.app, host, port), service.let_go).run()
