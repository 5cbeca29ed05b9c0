"""Set the limits of Dagster's pools from MEDIA_PIPELINE_POOLS, such as ``decode=8,ocr=4,asr=1``.

A limit counts for all machines together. Run it once the database is there; running it again does
no harm.
"""

import os

import dagster as dg


def main() -> None:
    """Set them."""
    limits = dict(
        item.split("=", 1) for item in os.environ.get("MEDIA_PIPELINE_POOLS", "").split(",") if item
    )
    with dg.DagsterInstance.get() as instance:
        for pool, limit in limits.items():
            instance.event_log_storage.set_concurrency_slots(pool.strip(), int(limit))


if __name__ == "__main__":
    main()
