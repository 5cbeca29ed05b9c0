"""The table that only the highlights' own stages and their callers read."""

from __future__ import annotations

import pyarrow as pa

from media_pipeline.stages.tables import END, START, TableSpec, column

CANDIDATES = TableSpec(
    "candidates",
    "the moments that were considered, the best first, and what became of each",
    pa.schema(
        [
            START,
            END,
            column("rank", pa.int32(), "1 for the window that stands out most"),
            column("chosen", pa.bool_(), "whether it became a highlight"),
            column("like", pa.int32(), "rank of the better candidate that shows the same, or 0"),
            column("score", pa.float32(), "0-1, comparable between videos"),
            column("tags", pa.list_(pa.string()), "as of the highlights"),
            column(
                "signals",
                pa.map_(pa.string(), pa.float32()),
                "mean of each normalised signal over the moment",
            ),
            column("picture_print", pa.list_(pa.uint64()), "difference hash every 0.05 s"),
            column("sound_print", pa.list_(pa.uint32()), "fingerprint of the sound every 0.1 s"),
        ]
    ),
)
