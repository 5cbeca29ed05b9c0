"""What Prometheus reads: requests, jobs, the dispatcher, the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from media_pipeline.gateway.ice.site import Site, existing_folder


class Metrics:
    """The metrics of one gateway."""

    def __init__(self, site: Site, leads: Callable[[], bool]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "media_pipeline_requests",
            "Requests by operation or path, and error code.",
            ["action", "code"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "media_pipeline_request_seconds",
            "Time to answer requests.",
            ["action"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10),
            registry=self._registry,
        )
        self._registry.register(_Now(site, leads))

    def observe(self, action: str, code: str, seconds: float) -> None:
        """Count an answer; ``code`` is empty when it is no error."""
        self._requests.labels(action or "none", code or "OK").inc()
        self._seconds.labels(action or "none").observe(seconds)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)


class _Now(Collector):
    """What is looked up when it is asked for."""

    def __init__(self, site: Site, leads: Callable[[], bool]) -> None:
        self._site = site
        self._leads = leads

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("media_pipeline_jobs", "Jobs by state.", labels=["state"])
        for state, count in self._site.outbox.counts().items():
            jobs.add_metric([state], count)
        yield jobs
        yield GaugeMetricFamily(
            "media_pipeline_dispatcher_leads",
            "Whether this process dispatches jobs.",
            value=float(self._leads()),
        )
        folder = existing_folder(self._site.settings.cache_dir)
        yield GaugeMetricFamily(
            "media_pipeline_disk_free_bytes",
            "Free space where jobs work.",
            value=float(shutil.disk_usage(folder).free),
        )
