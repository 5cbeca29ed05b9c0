"""Dagster's home and the instance in it, for the command: made when missing, with settings of our
own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from media_pipeline.errors import StoreError
from media_pipeline.media.files import atomic_path
from media_pipeline.settings import dagster_home

CONFIG = "dagster.yaml"
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
    """Dagster's home, made if it is missing; it gets our settings unless it has its own.

    Raises
    ------
    StoreError
        when it cannot be made.
    """
    home = dagster_home()
    os.environ["DAGSTER_HOME"] = str(home)  # which the settings in it refer to
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / CONFIG).exists():
            with atomic_path(home / CONFIG) as part:
                part.write_bytes(shipped_config().read_bytes())
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
    with dg.DagsterInstance.local_temp(str(home), overrides=_QUIET) as instance:
        yield instance
