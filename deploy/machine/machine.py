"""One machine that has everything: places for what is kept, then the services in their order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.machine import installed, services
from deploy.machine.processes import Processes
from deploy.machine.services import BUCKET, DEPLOY, ENDPOINT, QUEUES, Site


class Machine(Processes):
    """The services of a folder.

    Parameters
    ----------
    folder : for all that they keep, and their logs.
    workers : how many.
    broker : who hands runs to workers, ``redis`` or ``rabbitmq``.
    port, dagster_port : of gateway and web interface; 0 for any that is free.
    settings : environment variables that win over what is set here. With an endpoint of object
        storage, no server of it is started.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        broker: str = "redis",
        port: int = 0,
        dagster_port: int = 0,
        settings: dict[str, str] | None = None,
    ) -> None:
        settings = settings or {}
        own_storage = not (settings.get(ENDPOINT) or os.environ.get(ENDPOINT))
        installed.check(storage=own_storage, broker=broker)
        self.ports = services.choose_ports(gateway=port, web=dagster_port)
        queues = _queues(settings.get(QUEUES) or os.environ.get(QUEUES) or "")
        self.site = Site(folder.resolve(), self.ports, workers, own_storage, queues, broker)
        needed = services.others(self.site)
        self.needed = [service.name for service in needed]
        super().__init__(
            self.site.folder,
            [*needed, *services.ours(self.site)],
            services.environment(self.site) | settings,
        )

    def start(self) -> None:
        """Start everything, and wait until all of it answers."""
        self.start_database()
        self.resume(*self.needed)
        self.ready(*self.needed)
        self._make_bucket()
        limits = [sys.executable, str(DEPLOY / "pools.py")]
        subprocess.run(limits, check=True, env=self.environment, cwd=self.folder)
        self.resume(*self.services)
        self.ready(*self.services)

    def start_database(self) -> None:
        """Start PostgreSQL alone, with the databases of ours in it."""
        self._make_folders()
        self._make_cluster()
        self.resume("postgres")
        self.ready("postgres")
        self._make_databases()

    def close(self, *last: str) -> None:
        """Stop everything, what needs others first."""
        super().close(*last, *reversed(self.needed))

    def _make_folders(self) -> None:
        for name in ("home", "redis", "rabbitmq", "storage"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "rabbitmq" / "plugins").write_text("[].")
        self.folder.chmod(0o755)  # the user of PostgreSQL goes through it
        shutil.copy(DEPLOY / "dagster.yaml", self.folder / "home" / "dagster.yaml")

    def _make_cluster(self) -> None:
        data, who = self.folder / "postgres", installed.postgres_user()
        if (data / "PG_VERSION").exists():
            return
        data.mkdir(exist_ok=True)
        if who:
            shutil.chown(data, who["user"], who["group"])
        subprocess.run(
            [installed.postgres("initdb"), "-D", data, "-U", "media", "-A", "trust"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **who,
        )  # fmt: skip

    def _make_databases(self) -> None:
        import psycopg2

        with psycopg2.connect(self.site.database("postgres")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT datname FROM pg_database")
            there = {name for (name,) in cursor.fetchall()}
        connection.autocommit = True
        for name in {"dagster", "gateway", "results"} - there:
            connection.cursor().execute(f"CREATE DATABASE {name}")
        connection.close()

    def _make_bucket(self) -> None:
        from media_pipeline.settings import Settings
        from media_pipeline.store.places import open_filesystem

        names = ("s3_endpoint", "s3_key", "s3_secret")
        given = {name: self.environment[f"MEDIA_PIPELINE_{name.upper()}"] for name in names}
        files, _ = open_filesystem("s3://", Settings(**given).storage_options("s3://"))
        if not files.exists(BUCKET):
            files.mkdir(BUCKET)


def _queues(given: str) -> tuple[str, ...]:
    from media_pipeline.settings import DEFAULT_QUEUE, Settings

    return tuple(dict.fromkeys([DEFAULT_QUEUE, *Settings(queues=given).queues.values()]))
