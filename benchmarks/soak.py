"""Many small jobs through the gateway of several machines, with a fault every minute.

``python benchmarks/soak.py --jobs 1000`` starts everything by itself (``deploy/local.py``), submits
with the official SDK, and prints what was accepted and what became of it. Ctrl-C submits no more:
what is open comes to its end first.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from media_pipeline.dagster.liveness import WORKER_TAG
from media_pipeline.requests.outbox import JobRow, Outbox
from media_pipeline.requests.tables import Database
from media_pipeline_tests.generators.machines import Machines, machines
from media_pipeline_tests.generators.stages import write_tone
from media_pipeline_tests.generators.video import write_clip

_BAD = 0.02
_AWAY_S = 10.0
_SAMPLE_S = 10.0
_MIX = ("Cover", "VideoClip", "CaptionExtraction", "VideoH2V", "AudioQualityAssessment")
_SUFFIX = {"Cover": "jpg", "CaptionExtraction": "srt", "AudioQualityAssessment": "json"}


@dataclass
class Soak:
    """What has happened so far."""

    site: Machines
    jobs: dict[str, bool] = field(default_factory=dict)
    """By id, whether its media is bad."""
    refused: int = 0
    """Submissions that were not accepted, and given again."""
    enough: bool = False
    """Whether no more are submitted."""
    faults: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)

    def rows(self) -> list[JobRow]:
        """Every job as the table has it."""
        with closing(Database(self.site.settings.database, patience=120)) as database:
            outbox = Outbox(database, max_waiting=10_000)
            found = [outbox.get(job) for job in self.jobs]
        return [row for row in found if row is not None]


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--ahead", type=int, default=30, help="jobs that wait or run at a time")
    parser.add_argument("--fault-every", type=float, default=60.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with machines(run_lease_seconds="30", min_free_bytes="0", access_keys="me:secret") as site:
        soak = Soak(site)
        signal.signal(signal.SIGINT, lambda *_: setattr(soak, "enough", True))
        begun = time.monotonic()
        work(
            soak,
            given.jobs,
            given.ahead,
            lambda: rng.random() < _BAD,
            _each(given.fault_every),
            rng,
        )
        table = summary(soak, time.monotonic() - begun)
        wrongly = [line for row in wrongly_failed(soak) for line in account(site, row)]
    width = max(map(len, table))
    for name, value in table.items():
        sys.stdout.write(f"{name:<{width}}  {value}\n")
    for line in wrongly:
        sys.stdout.write(f"{line}\n")


def _each(seconds: float) -> Callable[[], bool]:
    """Whether so much time has gone by since this last was so."""
    last = time.monotonic()

    def due() -> bool:
        nonlocal last
        if time.monotonic() - last <= seconds:
            return False
        last = time.monotonic()
        return True

    return due


def work(
    soak: Soak,
    jobs: int,
    ahead: int,
    is_bad: Callable[[], bool],
    fault_is_due: Callable[[], bool],
    rng: random.Random,
) -> None:
    """Give jobs to the gateway and break things meanwhile, until every job has ended.

    Parameters
    ----------
    ahead : jobs that wait or run at a time.
    is_bad : whether the next job gets media that cannot be read.
    fault_is_due : whether something is to be broken now; asked once for each job at least.
    """
    site, good, bad, voice = soak.site, *_media(soak.site)
    client = _client(site)
    faults = itertools.cycle(_faults(soak))
    sampled, due = 0.0, False
    open_jobs = 0
    while (len(soak.jobs) < jobs and not soak.enough) or open_jobs:
        site.machine.watch()
        now = time.monotonic()
        if now - sampled > _SAMPLE_S:
            sampled = now
            soak.memory.append(_memory(site))
            soak.disk.append(_disk(site.folder))
            open_jobs = sum(row.finished is None for row in soak.rows())
            sys.stderr.write(f"{len(soak.jobs)} accepted, {open_jobs} open, {soak.faults}\n")
        more = len(soak.jobs) < jobs and not soak.enough
        due = due or (more and fault_is_due())
        if due and more:
            name, fault = next(faults)
            if fault():
                soak.faults[name] += 1
                due = False
        if more and open_jobs < ahead:
            function, broken = rng.choice(_MIX), is_bad()
            media = bad if broken else voice if function.startswith("Audio") else rng.choice(good)
            job = _submit(client, function, media, len(soak.jobs), rng.randint(1, 10))
            if job is None:
                soak.refused += 1
                site.hold(1)
            else:
                soak.jobs[job] = broken
                open_jobs += 1
        else:
            site.hold(1)


def _media(site: Machines) -> tuple[list[str], str, str]:
    with tempfile.TemporaryDirectory() as folder:
        films = [write_clip(Path(folder) / f"film-{n}.mp4", 2 + n / 25) for n in range(10)]
        bad = Path(folder) / "bad.mp4"
        bad.write_bytes(random.Random(0).randbytes(50_000))
        voice = write_tone(Path(folder) / "voice.wav", 4.0)
        return [site.put(film) for film in films], site.put(bad), site.put(voice)


def _client(site: Machines) -> Any:
    from alibabacloud_ice20201109.client import Client
    from alibabacloud_tea_openapi.models import Config

    key, _, secret = site.machine.environment["MEDIA_PIPELINE_ACCESS_KEYS"].partition(":")
    told = Config(access_key_id=key, access_key_secret=secret, protocol="http")
    told.endpoint = f"127.0.0.1:{site.machine.ports['gateway']}"
    return Client(told)


def _submit(client: Any, function: str, media: str, number: int, priority: int) -> str | None:
    """The job's id, or None when it was not accepted: then it may be given again."""
    from alibabacloud_ice20201109 import models as ice

    name = f"oss://media-pipeline/out/{number}-{{source}}.{_SUFFIX.get(function, 'mp4')}"
    request = ice.SubmitIProductionJobRequest(
        function_name=function,
        input=ice.SubmitIProductionJobRequestInput(type="OSS", media=media),
        output=ice.SubmitIProductionJobRequestOutput(type="OSS", media=name),
        schedule_config=ice.SubmitIProductionJobRequestScheduleConfig(priority=priority),
    )
    try:
        return str(client.submit_iproduction_job(request).body.job_id)
    except Exception as error:  # whatever the SDK raises when nobody answers
        sys.stderr.write(f"not accepted: {' '.join(str(error).split())[:200]}\n")
        return None


# --- faults ---------------------------------------------------------------------------------------


def _faults(soak: Soak) -> Iterator[tuple[str, Callable[[], bool]]]:
    site = soak.site
    yield "process of a worker killed", lambda: _kill_process(soak)
    for name in ("redis", "postgres", "storage"):
        yield f"{name} away", lambda name=name: _away(site, name)
    yield "worker lost", lambda: _away(site, "worker-1")
    yield "cached copy damaged", lambda: _damage(site)


def _kill_process(soak: Soak) -> bool:
    """Kill who is at work; False when nobody is."""
    for row in soak.rows():
        if row.run_id and row.finished is None and row.progress > 0:
            worker = soak.site.runs(row.id)[0].tags.get(WORKER_TAG)
            with suppress(ProcessLookupError):  # it has ended this moment
                if worker:
                    os.kill(int(worker.split(":")[1]), signal.SIGKILL)
                    return True
    return False


def _away(site: Machines, name: str) -> bool:
    site.machine.stop(name, kill=name != "postgres")
    site.hold(_AWAY_S)
    site.machine.resume(name)
    site.machine.ready(name)
    return True


def _damage(site: Machines) -> bool:
    copies = [p for p in site.folder.glob("cache-*/files/*/*.mp4") if p.is_file()]
    if copies:
        copies[0].write_bytes(b"\0" * copies[0].stat().st_size)
    return bool(copies)


# --- what came of it ------------------------------------------------------------------------------


def _memory(site: Machines) -> float:
    """MiB that all services together have for themselves."""
    groups = {s.process.pid for s in site.machine.services.values() if s.process is not None}
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) in groups:
                pages = (stat.parent / "statm").read_text(encoding="utf-8").split()
                total += int(pages[1]) - int(pages[2])
        except OSError:  # it has ended meanwhile
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20


def _disk(folder: Path) -> float:
    """MiB below a folder."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue
    return total / 2**20


def wrongly_failed(soak: Soak) -> list[JobRow]:
    """The jobs that failed for another reason than that their media is bad."""
    return [
        row
        for row in soak.rows()
        if row.outcome == "failed" and not (soak.jobs[row.id] and row.error_code == "NotMedia")
    ]


def account(site: Machines, row: JobRow) -> list[str]:
    """What is known of a job that failed, its runs' logs included: they go with the folder."""
    runs = [f"  {run.id}: {line}" for run in site.runs(row.id) for line in site.said(run)]
    return [f"{row.function}: {row.error_code}: {row.error_message}", *runs]


def summary(soak: Soak, seconds: float) -> dict[str, Any]:
    """What came of it, in words and numbers."""
    rows, wrongly = soak.rows(), wrongly_failed(soak)
    failed = sum(row.outcome == "failed" for row in rows)
    delivered = {r.id: sum(_delivered(soak.site, r.id)) for r in rows if r.outcome == "success"}
    waits = sorted(row.started - row.accepted for row in rows if row.started is not None)
    return {
        "accepted": len(soak.jobs),
        "refused while something was away, and given again": soak.refused,
        "done": len(delivered),
        "failed rightly": failed - len(wrongly),
        "failed for another reason": len(wrongly),
        "lost": len(soak.jobs) - len(rows) + sum(row.finished is None for row in rows),
        "delivered more than once": sum(count > 1 for count in delivered.values()),
        "wait p50, s": round(statistics.median(waits), 1),
        "wait p99, s": round(waits[int(0.99 * (len(waits) - 1))], 1),
        "jobs per minute": round(60 * len(rows) / seconds, 1),
        "memory at start, most, at end, MiB": _three(soak.memory),
        "disk at start, most, at end, MiB": _three(soak.disk),
        **{f"fault: {name}": count for name, count in sorted(soak.faults.items())},
    }


def _delivered(site: Machines, job: str) -> list[bool]:
    return [line.startswith("delivered ") for run in site.runs(job) for line in site.said(run)]


def _three(values: list[float]) -> str:
    return f"{values[0]:.0f} {max(values):.0f} {values[-1]:.0f}"


if __name__ == "__main__":
    main()
