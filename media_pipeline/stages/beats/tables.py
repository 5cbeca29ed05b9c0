"""The table of the stage ``beats``."""

from __future__ import annotations

import pyarrow as pa

from media_pipeline.stages.tables import TableSpec, column

BEATS = TableSpec(
    "beats",
    "the beats of music",
    pa.schema(
        [
            column("time", pa.float64(), "seconds"),
            column("place", pa.int32(), "of the beat in its bar, from 1"),
            column("bpm", pa.float32(), "tempo at the beat, smoothed over five"),
        ]
    ),
)
