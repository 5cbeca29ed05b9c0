"""The partitions of all assets: one per media item, named by its key."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

MEDIA = dg.DynamicPartitionsDefinition(name="media")


def add_keys(instance: dg.DagsterInstance, keys: Iterable[str]) -> None:
    """Make media items known to Dagster. A run of an unknown key is accepted and fails later, so
    keys come first.
    """
    instance.add_dynamic_partitions(str(MEDIA.name), list(keys))


def remove_keys(instance: dg.DagsterInstance, keys: Iterable[str]) -> None:
    """Forget media items; the record of their runs stays."""
    for key in keys:
        instance.delete_dynamic_partition(str(MEDIA.name), key)


def known_keys(instance: dg.DagsterInstance) -> list[str]:
    """The media items that Dagster knows, in the order in which they were added."""
    return list(instance.get_dynamic_partitions(str(MEDIA.name)))
