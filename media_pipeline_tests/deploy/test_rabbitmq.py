"""The same machines with RabbitMQ between them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.services import check_broker
from media_pipeline_tests.generators.machines import Machines, machines
from media_pipeline_tests.generators.video import write_clip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site() -> Iterator[Machines]:
    with machines(
        workers=1,
        broker="rabbitmq",
        run_lease_seconds="20",
        min_free_bytes="0",
        queues="decode=lookers",
    ) as found:
        yield found


def test_a_job_goes_on_while_the_broker_is_away(site: Machines, tmp_path: Path) -> None:
    film = site.put(write_clip(tmp_path / "film.mp4", 20))
    job, process = site.at_work(film)
    site.machine.stop("rabbitmq", kill=True)
    os.kill(process, signal.SIGCONT)
    site.hold(8)
    site.machine.resume("rabbitmq")
    site.machine.ready("rabbitmq")
    site.settled([job, site.submit(film, "Cover", "jpg")])
    assert site.whole()
    assert "answers" in check_broker(site.broker, "X")
    assert check_broker(site.machine.environment["MEDIA_PIPELINE_BROKER_RESULTS"], "X")
    site.hears("dagster: 1, lookers: 1", "dagster", "lookers")
