"""Which workers a run is for, where several machines carry runs out (the extra ``scale``).

A run goes to the queue that the setting ``queues`` has for what it strains: what its steps have as
their pools. It is noted in a tag before the run is queued, whoever asks for the run, so that a
person can give another one and the coordinator can limit how many runs of a queue are at work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import dagster as dg
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext

from media_pipeline.settings import DEFAULT_QUEUE, Settings

QUEUE_TAG = "dagster-celery/queue"
"""By which the launcher of ``dagster-celery`` chooses the queue."""
POOL_TAG = "media/pool"
"""On a run whose steps have no pool although they strain something: parts of a film."""


class PlacingRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue of runs, which also says for which workers each of them is."""

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Put a run into the queue; one that names its workers already keeps them."""
        run = context.dagster_run
        if QUEUE_TAG not in run.tags:
            queue = queue_for(strained(self._instance, run), Settings().queues)
            if queue is not None:
                self._instance.add_run_tags(run.run_id, {QUEUE_TAG: queue})
        return super().submit_run(context)


def queue_for(pools: Collection[str], queues: Mapping[str, str]) -> str | None:
    """The queue of runs that strain these; None where there is only one for all runs.

    The setting is in the order in which it was written: the first that fits is taken. The queue of
    all other runs is named as well, for the coordinator counts by tags.
    """
    if not queues:
        return None
    return next((queue for pool, queue in queues.items() if pool in pools), DEFAULT_QUEUE)


def strained(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[str]:
    """The pools of the steps that a run is to carry out."""
    told = {run.tags[POOL_TAG]} if POOL_TAG in run.tags else set()
    if run.execution_plan_snapshot_id is None:
        return told
    plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    wanted = set(plan.step_keys_to_execute)
    return told | {step.pool for step in plan.steps if step.key in wanted and step.pool}
