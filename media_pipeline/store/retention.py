"""Retention: what may be removed from the lake, as a plan first and in deed only when asked.

Kept is what is current, what something kept was made from (all the way up), what a live job names,
and what is younger than a number of days. Broken and half-published folders of that age go too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from media_pipeline.errors import InvalidParameter
from media_pipeline.store.artifact import StoredArtifact, artifact_path
from media_pipeline.store.lake import Store

_POINTER_DEPTH = 3  # asset, media key, current.json

Identity = tuple[str, str, str]
"""Asset, media key, fingerprint."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One artifact that may be removed."""

    asset: str
    media_key: str
    fingerprint: str
    size: int
    """Bytes."""
    created: str
    """ISO 8601, UTC; empty for what has no readable manifest."""


@dataclass(frozen=True)
class RetentionPlan:
    """What retention would remove. Nothing happens before :meth:`apply`."""

    store: Store
    removals: tuple[Removal, ...]
    days: float
    keep: frozenset[str]

    @property
    def size(self) -> int:
        """Bytes that would be freed."""
        return sum(removal.size for removal in self.removals)

    def apply(self) -> int:
        """Remove what is planned, except what came into use since; the bytes that were freed."""
        freed = 0
        for asset, key, fingerprint in _still(self):
            freed += self.store.backend.remove(artifact_path(asset, key, fingerprint))
        self.store.sweep()
        return freed


def plan_retention(
    store: Store, days: float, *, keep: Iterable[str] = (), now: datetime | None = None
) -> RetentionPlan:
    """Find what is neither current, nor an input of something kept, nor named by ``keep``, nor
    younger than ``days``.

    Parameters
    ----------
    store : the lake.
    days : age below which everything stays.
    keep : fingerprints that live jobs use; what they were made from is kept as well.
    now : the time to count from; by default the present.
    """
    if not days >= 0:
        raise InvalidParameter(f"days is {days}", "give a number that is not negative")
    kept_by_jobs = frozenset(keep)
    limit = (now or datetime.now(UTC)) - timedelta(days=days)
    artifacts = {_identity(a): a for a in store.artifacts()}
    kept = _closure(store, artifacts, kept_by_jobs, limit)
    removals = [
        Removal(*identity, artifact.manifest.size, artifact.created)
        for identity, artifact in artifacts.items()
        if identity not in kept
    ]
    removals += _broken(store, artifacts, limit)
    return RetentionPlan(store, tuple(removals), days, kept_by_jobs)


def _identity(artifact: StoredArtifact) -> Identity:
    return artifact.asset, artifact.media_key, artifact.fingerprint


def _closure(
    store: Store, artifacts: dict[Identity, StoredArtifact], keep: frozenset[str], limit: datetime
) -> set[Identity]:
    pointers = {
        (asset, key): store.pointers(asset, key) for asset, key in {i[:2] for i in artifacts}
    }
    queue = [
        identity
        for identity, artifact in artifacts.items()
        if identity[2] in pointers[identity[:2]]
        or identity[2] in keep
        or _time(artifact.created) >= limit
    ]
    kept: set[Identity] = set()
    while queue:
        identity = queue.pop()
        if identity in kept or identity not in artifacts:
            continue
        kept.add(identity)
        inputs = artifacts[identity].manifest.inputs
        queue += [(asset, identity[1], fingerprint) for asset, fingerprint in inputs.items()]
    return kept


def _time(created: str) -> datetime:
    try:
        time = datetime.fromisoformat(created)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _broken(
    store: Store, artifacts: dict[Identity, StoredArtifact], limit: datetime
) -> list[Removal]:
    """Folders that hold no whole artifact and were not written to since the limit."""
    found = []
    for asset in store.assets():
        sizes: dict[Identity, int] = defaultdict(int)
        for path, size in store.backend.find(asset).items():
            parts = path.split("/")
            if len(parts) > _POINTER_DEPTH:
                sizes[parts[0], parts[1], parts[2]] += size
        for identity, size in sizes.items():
            if identity in artifacts:
                continue
            modified = store.backend.modified(artifact_path(*identity))
            if modified is not None and modified < limit.timestamp():
                found.append(Removal(*identity, size, ""))
    return found


def _still(plan: RetentionPlan) -> Iterable[Identity]:
    """What the plan may still remove: pointers may have moved and jobs may have started since."""
    fresh = plan_retention(plan.store, plan.days, keep=plan.keep)
    now = {(r.asset, r.media_key, r.fingerprint) for r in fresh.removals}
    planned = [(r.asset, r.media_key, r.fingerprint) for r in plan.removals]
    return [identity for identity in planned if identity in now]
