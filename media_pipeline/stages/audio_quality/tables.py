"""The table of the stage ``audio_quality``."""

from __future__ import annotations

import pyarrow as pa

from media_pipeline.stages.tables import TableSpec, column

LOUDNESS = TableSpec(
    "loudness",
    "loudness over time, by channel",
    pa.schema(
        [
            column("time", pa.float64(), "seconds"),
            column("channel", pa.int32(), "from 0"),
            column("lufs", pa.float32(), "loudness of the last three seconds, LUFS"),
        ]
    ),
)
