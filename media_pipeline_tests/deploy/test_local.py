"""Several machines, as their callers see them: also when parts break, every job ends well, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.soak import Soak, summary, work, wrongly_failed
from media_pipeline.dagster.queues import QUEUE_TAG
from media_pipeline.media.files import sha256_file
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline_tests.generators.disks import fill, small_disk
from media_pipeline_tests.generators.ice import KEY, SECRET
from media_pipeline_tests.generators.machines import Machines, kill, machines, process_of
from media_pipeline_tests.generators.stages import write_tone
from media_pipeline_tests.generators.video import write_clip

ROOT = Path(__file__).parents[2]

_DISK = 64 << 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site() -> Iterator[Machines]:
    with machines(
        run_lease_seconds="20",
        min_free_bytes="0",
        access_keys=f"{KEY}:{SECRET}",
        queues="ocr=readers",
    ) as found:
        yield found


@pytest.fixture
def film(site: Machines, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A film that no other test has: nothing of it is in the lake."""
    tests = request.session.items
    number = next(n for n, item in enumerate(tests) if item.nodeid == request.node.nodeid)
    return site.put(write_clip(tmp_path / f"film-{number}.mp4", 20 + number % 100 / 25))


@pytest.fixture(autouse=True)
def _mended(site: Machines) -> None:
    """Also where the test before has failed."""
    site.machine.resume(*site.machine.services)
    site.machine.ready(*site.machine.services)


def test_the_script_of_the_readme(site: Machines, clip: Path, tmp_path: Path) -> None:
    film = site.put(clip)
    voice = site.put(write_tone(tmp_path / "voice.wav"))
    done = subprocess.run(
        [
            sys.executable, str(ROOT / "docs" / "ice_client.py"),
            f"127.0.0.1:{site.machine.ports['gateway']}", KEY, SECRET, film, voice,
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + site.logs()
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert FUNCTIONS.keys() < lines.keys()
    for name in FUNCTIONS:  # what the film does not have is told in words of ours
        assert lines[name].startswith(("Success", 'Failed {"Code"')), lines[name]
        assert "InternalError" not in lines[name]
    assert lines["Highlights"].startswith("Finished ")
    assert (tmp_path / "short.mp4").read_bytes()[4:8] == b"ftyp"
    assert site.whole()


def test_a_worker_that_is_killed_in_the_middle_of_a_stage(site: Machines, film: str) -> None:
    job, process = site.at_work(film)
    kill(process)
    site.settled([job])
    assert len(site.runs(job)) > 1
    assert site.whole()


def test_a_worker_that_is_lost_with_all_it_knew(site: Machines, film: str) -> None:
    """Its task is reported as running ever after."""
    job, process = site.at_work(film)
    name = site.worker_of(process)
    site.machine.stop(name, kill=True)
    other = site.submit(film, "Cover", "jpg")
    site.settled([job, other])
    assert len(site.runs(job)) > 1
    site.machine.resume(name)
    assert site.whole()


def test_a_worker_that_stands_still_and_wakes_up_again(site: Machines, film: str) -> None:
    """With all of its processes: one that goes on would take the next run as well."""
    job, process = site.at_work(film)
    worker = os.getpgid(process)
    os.killpg(worker, signal.SIGSTOP)
    try:
        site.wait(lambda: site.row(job).finished)
    finally:
        os.killpg(worker, signal.SIGCONT)
    site.settled([job])
    assert site.whole()


def test_a_worker_whose_clock_is_wrong(site: Machines, film: str) -> None:
    """By its own clock it has no lease, and takes each run ten minutes before it was asked for."""
    with site.wrong_clock("worker-1", "-10m"), site.deaf("dagster", "worker-2"):
        job, process = site.at_work(film)
        assert b"FAKETIME=-10m" in Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        kill(process)
        site.settled([job, site.submit(film, "Cover", "jpg")])
    assert len(site.runs(job)) > 1
    assert site.whole()


@pytest.mark.parametrize("service", ["redis", "postgres", "storage"])
def test_a_service_that_is_away_for_some_time(site: Machines, film: str, service: str) -> None:
    job, process = site.at_work(film)
    waiting = [] if service == "postgres" else [site.submit(film, "Cover", "jpg")]
    site.machine.stop(service, kill=service != "postgres")
    os.kill(process, signal.SIGCONT)
    site.hold(8)
    site.machine.resume(service)
    site.machine.ready(service)
    waiting.append(site.submit(film, "Cover", "jpg"))
    site.settled([job, *waiting])
    assert site.whole()


def test_a_broker_that_is_away_costs_no_run(site: Machines, film: str) -> None:
    before = site.machine.log("daemon").count("the broker of workers cannot be reached")
    site.machine.stop("redis", kill=True)
    job = site.submit(film, "Cover", "jpg")
    site.wait(
        lambda: site.machine.log("daemon").count("the broker of workers cannot be reached") > before
    )
    site.machine.resume("redis")
    site.settled([job])
    assert len(site.runs(job)) == 1


def test_a_task_that_is_delivered_again_and_again(site: Machines, film: str) -> None:
    import redis

    workers = [name for name in site.machine.services if name.startswith("worker-")]
    for name in workers:
        site.machine.stop(name)
    with redis.Redis.from_url(site.broker) as broker:
        job = site.submit(film, "Cover", "jpg")
        queue, message = site.wait(lambda: _message(broker))
        broker.lpush(queue, message)
        site.machine.resume(*workers)
        site.settled([job])
        runs = site.runs(job)
        broker.lpush(queue, message)
        site.wait(lambda: any("had already finished" in line for line in site.said(runs[-1])))
    site.settled([job])
    assert [run.id for run in site.runs(job)] == [run.id for run in runs]


def test_runs_go_to_the_workers_for_what_they_strain(site: Machines, film: str) -> None:
    with site.deaf("readers", "worker-1"):
        site.hears("dagster: 2, readers: 1", "dagster", "readers")
        job = site.submit(film, "CaptionExtraction", "srt")
        site.settled([job])
    (run,) = site.runs(job)
    assert run.tags[QUEUE_TAG] == "readers"
    assert site.worker_of(process_of(run)) == "worker-2"


def test_a_job_that_is_cancelled_at_work(site: Machines, film: str) -> None:
    job, process = site.at_work(film)
    try:
        site.cancel(job)
        site.wait(lambda: site.runs(job)[0].status.startswith("CANCEL"))
    finally:
        os.kill(process, signal.SIGCONT)
    site.cancelled(job)
    (other,) = {"worker-1", "worker-2"} - {site.worker_of(process)}
    with site.deaf("dagster", other):  # so that the next job is for that very worker
        following = site.submit(film, "Cover", "jpg")
        site.settled([following])
    assert process_of(site.runs(following)[0]) == process


def test_a_job_that_is_cancelled_while_it_waits_for_a_worker(site: Machines, film: str) -> None:
    with site.deaf("readers", "worker-1", "worker-2"):
        job = site.submit(film, "CaptionExtraction", "srt")
        site.wait(lambda: site.queued("readers"))
        site.cancel(job)
        site.cancelled(job)
    site.wait(lambda: not site.queued("readers"))
    site.settled([site.submit(film, "CaptionExtraction", "srt")])
    site.cancelled(job)
    assert not process_of(site.runs(job)[0]), "nobody has begun it"


def test_a_disk_that_is_full_in_the_middle_of_a_stage(site: Machines, film: str) -> None:
    """What it holds of the film is there; what is made of it finds no room."""
    with site.deaf("dagster", "worker-1"), small_disk(site.folder / "cache-2", _DISK) as disk:
        job, process = site.at_work(film)
        filler = fill(disk)
        os.kill(process, signal.SIGCONT)
        row = site.failed(job)
        assert row.error_code == "DiskFull", row.error_message
        assert str(disk) in row.error_message and "MEDIA_PIPELINE_CACHE_DIR" in row.error_message
        filler.unlink()
        site.settled([site.submit(film, "Cover", "jpg")])
    assert site.whole()


def test_copies_of_media_that_were_damaged(site: Machines, film: str) -> None:
    site.machine.stop("worker-2")  # it has copies of its own
    site.settled([site.submit(film, "Cover", "jpg")])
    copies = [p for p in site.folder.glob("cache-1/files/*/*") if p.is_file()]
    assert copies
    for copy in copies:
        copy.write_bytes(b"\0" * copy.stat().st_size)
    site.settled([site.submit(film), site.submit(film, "VideoClip")])
    right = [p for p in copies if p.exists() and sha256_file(p) == p.parent.name]
    assert right, "whatever was used again was fetched again"
    assert site.whole()


def test_a_short_soak(site: Machines) -> None:
    """Of what ``benchmarks/soak.py`` does, some jobs and some faults, by count and not by time."""
    soak, bad, faults = Soak(site), {4, 9}, [3, 7, 11]

    def fault_is_due() -> bool:
        due = bool(faults) and len(soak.jobs) >= faults[0]
        return due and bool(faults.pop(0))

    work(soak, 15, 4, lambda: len(soak.jobs) in bad, fault_is_due, random.Random(1))
    table = summary(soak, 1.0)
    assert table["lost"] == table["delivered more than once"] == 0
    assert wrongly_failed(soak) == []
    assert table["failed rightly"] == len(bad)
    assert table["done"] == table["accepted"] - len(bad) == 13
    assert sum(soak.faults.values()) == 3
    assert site.whole()


def _message(broker: Any) -> tuple[bytes, bytes] | None:
    for key in broker.scan_iter("dagster*", _type="list"):
        for value in broker.lrange(key, 0, 0):
            return key, value
    return None
