"""Runs whose process is gone.

Dagster's default launcher does not notice that the process of a run was killed, and nothing at all
watches runs that the command carries out: such a run would be shown as running, and its places in
concurrency pools would be taken, for ever. Every run therefore notes in a tag which process carries
it out. A run is ended when that process was on this machine and is no more; run retries then do the
rest.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import dagster as dg

WORKER_TAG = "media/worker"

_UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def worker() -> str:
    """The present process as ``host:pid:start``; the start tells it from a later namesake."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def is_gone(worker: str) -> bool:
    """Whether the process was on this machine and is no more. Other machines' count as alive."""
    host, _, process = worker.rpartition(":")[0].rpartition(":")
    started = worker.rpartition(":")[2]
    if host != socket.gethostname() or not process.isdecimal():
        return False
    return _started(int(process)) != started


def signature(run_id: str) -> dict[str, str]:
    """The tag by which this process is known to carry out the run.

    It names the run as well: a run that is repeated hands its tags on to the repetition.
    """
    return {WORKER_TAG: f"{worker()}:{run_id}"}


def sign_on(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Note that this process carries out the run."""
    tags = signature(run.run_id)
    if run.tags.get(WORKER_TAG) != tags[WORKER_TAG]:
        instance.add_run_tags(run.run_id, tags)


def end_dead_runs(instance: dg.DagsterInstance, *, unsigned: bool = False) -> list[str]:
    """Fail the runs whose process is gone and free their places in pools; their ids.

    Parameters
    ----------
    unsigned : also those that were launched and have not come to sign on. That is right where no
        process that launches runs is left, as before and after serving: else such a run is waited
        for until Dagster's start timeout, and all others wait for its place in a pool.
    """
    unsigned = unsigned and isinstance(instance.run_launcher, dg.DefaultRunLauncher)
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        worker, _, signed = run.tags.get(WORKER_TAG, "").rpartition(":")
        if signed == run.run_id:
            gone = is_gone(worker)
        else:
            gone = unsigned and run.status == dg.DagsterRunStatus.STARTING
        if not gone:
            continue
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, "The process of the run has ended.")
        else:
            instance.report_run_failed(run, "The process of the run is gone: it was killed.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        ended.append(run.run_id)
    return ended


def _started(process: int) -> str:
    """When a process started, as the system counts it; empty when there is no such process."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "" if Path("/proc/self").exists() else _signalled(process)
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _signalled(process: int) -> str:
    """For systems without /proc: whether the process takes signals."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
