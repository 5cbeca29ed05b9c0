"""The table of the stage ``chorus``."""

from __future__ import annotations

import pyarrow as pa

from media_pipeline.stages.tables import END, START, TableSpec, column

CHORUSES = TableSpec(
    "choruses",
    "the choruses of music",
    pa.schema(
        [
            START,
            END,
            column("key", pa.int32(), "semitones above the first, -5 to 6"),
            column("likeness", pa.float32(), "with the one the others were found by, at most 1"),
        ]
    ),
    intervals=True,
    exclusive=True,
)
