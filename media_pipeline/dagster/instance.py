"""Dagster's home and the instance in it, for the command: made when missing, with settings of our
own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from media_pipeline.errors import StoreError
from media_pipeline.media.files import atomic_path
from media_pipeline.settings import dagster_home

CONFIG = "dagster.yaml"
_STORAGE = "media_pipeline.dagster.storage"
_MARK = ".dagster.yaml.sha256"  # of the copy as it was written
_QUIET = {
    # Capturing the output of steps would take the terminal away from the command.
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
        "config": {},
    }
}


def shipped_config() -> Path:
    """The ``dagster.yaml`` of the checkout, or of the package when it is installed."""
    package = Path(__file__).parent
    checkout = package.parent.parent / CONFIG
    return checkout if checkout.is_file() else package / CONFIG


def prepare_home() -> Path:
    """Dagster's home, made if it is missing; it gets our settings unless a person wrote its own.

    Raises
    ------
    StoreError
        when it cannot be made.
    """
    home = dagster_home()
    os.environ["DAGSTER_HOME"] = str(home)  # which the settings in it refer to
    try:
        home.mkdir(parents=True, exist_ok=True)
        _provide_config(home)
    except OSError as error:
        raise StoreError(
            f"Dagster's home {home} cannot be made ({error.strerror})",
            "check its rights, or set DAGSTER_HOME",
        ) from error
    return home


@contextmanager
def command_instance() -> Iterator[dg.DagsterInstance]:
    """The instance that the UI shows, for the time of the block, with the terminal left alone."""
    home = prepare_home()
    # Despite its name this is the way to open a home with overrides; nothing of it is temporary.
    with dg.DagsterInstance.local_temp(str(home), overrides=_QUIET | _open_log(home)) as instance:
        yield instance


def _open_log(home: Path) -> dict[str, Any]:
    """Dagster's own event log, kept open while the command runs; nothing where a person's settings
    choose another.

    It is no part of ``dagster.yaml``: ``dagster dev`` reads that in the checkout without a home.
    """
    chosen = yaml.safe_load((home / CONFIG).read_text(encoding="utf-8")) or {}
    if "storage" in chosen or "event_log_storage" in chosen:
        return {}
    config = {"home": str(home)}
    return {
        "event_log_storage": {"module": _STORAGE, "class": "OpenEventLogStorage", "config": config}
    }


def _provide_config(home: Path) -> None:
    """Copy our settings, also over an older copy of them that nobody has changed."""
    shipped = shipped_config().read_bytes()
    target, mark = home / CONFIG, home / _MARK
    if target.exists():
        current = _digest(target.read_bytes())
        ours = mark.exists() and mark.read_text(encoding="utf-8") == current
        if not ours or current == _digest(shipped):
            return
    for path, content in ((target, shipped), (mark, _digest(shipped).encode())):
        with atomic_path(path) as part:
            part.write_bytes(content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
