"""A production function for tests: small, and in need of a second file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.production import functions
from media_pipeline.production.base import Function, Job, Result, Task

NAME = "CopySecond"


def prepare(values: Mapping[str, Any]) -> Task:
    """``{"inputs": {"file": place}}``: the file at that place is the output."""
    place = values.get("inputs", {}).get("file")
    if not place:
        raise InvalidParameter("'JobParams.inputs.file' is missing")

    def work(job: Job) -> Result:
        second = job.files["inputs.file"]
        if job.name:
            shutil.copyfile(second, job.folder / job.name)
        return {"Second": second.name, "Bytes": second.stat().st_size}

    return Task(work, (".mp4", ".txt"), needs_output=False, files={"inputs.file": place})


@contextmanager
def copy_second() -> Iterator[str]:
    """The function is one of the product's for the time of the block; its name."""
    with pytest.MonkeyPatch.context() as patch:
        for known in (functions.FUNCTIONS, functions.REQUESTS):
            patch.setitem(known, NAME, Function(prepare, pool=""))
        yield NAME
