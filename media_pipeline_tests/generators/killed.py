"""Processes that make one artifact and can be stopped in the middle of it, to be killed there.

They are forked from a server that has imported everything and computed nothing: each is as fresh
as a new worker, and costs no second of imports.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal, NoReturn
from unittest.mock import patch

from media_pipeline.runner import Runner
from media_pipeline.settings import Settings
from media_pipeline.stages.base import Outcome, Stage, Work
from media_pipeline.stages.registry import STAGES
from media_pipeline.store.manifest import MANIFEST
from media_pipeline.store.remote import RemoteBackend

Moment = Literal["compute", "upload", "never"]

_HALF = 0.5
_MOST_S = 1800.0
_SERVER = multiprocessing.get_context("forkserver")
_HEAVY = ("av", "cv2", "onnxruntime", "pocketsphinx", "rapidocr", "s3fs", "scipy.signal")
_SERVER.set_forkserver_preload([__name__, *_HEAVY])


def made(settings: Settings, key: str, params: Mapping[str, Mapping[str, Any]]) -> None:
    """Make artifacts, given their stages with parameters, in a process that nobody disturbs."""
    child, _ = _started(settings, key, params, "never")
    child.join(_MOST_S)
    assert child.exitcode == 0


@contextmanager
def stopped(
    settings: Settings, key: str, stage: str, params: Mapping[str, Any], at: Moment
) -> Iterator[ForkServerProcess]:
    """A process that stands still in the middle of a stage; killed with the end of the block.

    At ``compute`` the stage has reported half of its work, or written all of it where it does not
    report as much; at ``upload`` all its files are in the object storage and its manifest is not.
    """
    child, told = _started(settings, key, {stage: params}, at)
    try:
        assert told.poll(_MOST_S)
        assert told.recv() == at  # EOFError: it ended instead
        yield child
    finally:
        child.kill()
        child.join(_MOST_S)


def _started(
    settings: Settings, key: str, params: Mapping[str, Mapping[str, Any]], at: Moment
) -> tuple[ForkServerProcess, Connection]:
    told, tell = _SERVER.Pipe(duplex=False)
    child = _SERVER.Process(target=_make, args=(settings, key, params, at, tell), daemon=True)
    child.start()
    tell.close()
    return child, told


def _make(
    settings: Settings,
    key: str,
    params: Mapping[str, Mapping[str, Any]],
    at: Moment,
    tell: Connection,
) -> None:
    os.setsid()  # so that what it starts can be found by its group

    def stop() -> NoReturn:
        tell.send(at)
        while True:
            os.read(os.pipe()[0], 1)  # nobody writes

    stages = dict(STAGES)
    if at == "compute":
        stages |= {name: _stopping(stages[name], stop) for name in params}
    if at == "upload":
        create = RemoteBackend.create

        def stopping_create(backend: RemoteBackend, path: str, data: bytes) -> bool:
            if path.endswith(MANIFEST):
                stop()
            return create(backend, path, data)

        patch.object(RemoteBackend, "create", stopping_create).start()
    runner = Runner.from_settings(settings, stages=stages)
    for name, given in params.items():
        runner.run(key, name, given)


def _stopping(stage: Stage, stop: Callable[[], NoReturn]) -> Stage:
    def run(work: Work) -> Outcome:
        def progress(share: float) -> None:
            work.progress(share)
            if share >= _HALF:
                stop()

        stage.run(replace(work, progress=progress))
        stop()

    return replace(stage, run=run)


def left_running(group: int | None) -> list[int]:
    """The processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
        if int(its) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found
