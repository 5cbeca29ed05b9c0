"""The lake's tables as pandas data frames, for notebooks and scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from media_pipeline.errors import InvalidParameter
from media_pipeline.settings import Settings
from media_pipeline.stages.base import TableOutput
from media_pipeline.stages.registry import STAGES
from media_pipeline.store import Store
from media_pipeline.store.artifact import table_file

if TYPE_CHECKING:
    import pandas as pd


def load(asset: str, lake: str | Path | None = None, table: str | None = None) -> pd.DataFrame:
    """The current rows of an asset's table for all media items, with a column ``media_key``.

    Parameters
    ----------
    asset : name of the asset, such as ``captions``.
    lake : path or URI of the lake; by default the one of the settings.
    table : which of the asset's tables, with or without ``.parquet``; by default its first.

    Returns
    -------
    pandas.DataFrame
        ``media_key`` and the columns of the table's declared schema, maps as dicts; without rows
        when nothing has been made yet.

    Raises
    ------
    InvalidParameter
        when there is no such asset or table.

    Examples
    --------
    >>> captions = load("captions")                                             # doctest: +SKIP
    >>> captions.groupby("media_key").size()                                    # doctest: +SKIP
    """
    output = _table(asset, table)
    settings = Settings()
    store = Store.from_settings(settings) if lake is None else Store(lake)
    parts = []
    for item in store.media.all():
        artifact = store.current(asset, item.key)
        if artifact is not None and artifact.manifest.entry(table_file(output.name)) is not None:
            rows = artifact.table(output.name)
            keys = pa.array([item.key] * rows.num_rows, pa.string())
            parts.append(rows.add_column(0, "media_key", keys))
    schema = output.spec.schema.insert(0, pa.field("media_key", pa.string()))
    whole = pa.concat_tables(parts, promote_options="default") if parts else schema.empty_table()
    frame: pd.DataFrame = whole.to_pandas(maps_as_pydicts="lossy")
    return frame


def items(lake: str | Path | None = None) -> pd.DataFrame:
    """The media items of the lake: key, name, size, and duration where the source was probed."""
    import pandas as pd

    store = Store.from_settings(Settings()) if lake is None else Store(lake)
    rows = []
    for item in store.media.all():
        source = store.current("source", item.key)
        media = source.facts.get("media", {}) if source is not None else {}
        rows.append(
            {
                "media_key": item.key,
                "name": item.name,
                "size": item.size,
                "duration": media.get("duration"),
            }
        )
    return pd.DataFrame(rows, columns=["media_key", "name", "size", "duration"])


def facts(asset: str, lake: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """What the manifests of an asset's current artifacts tell, by media key: the measured
    channels of a film's sound, or its language.

    Raises
    ------
    InvalidParameter
        when there is no such asset.
    """
    _known(asset)
    store = Store.from_settings(Settings()) if lake is None else Store(lake)
    found = {item.key: store.current(asset, item.key) for item in store.media.all()}
    return {key: dict(artifact.facts) for key, artifact in found.items() if artifact is not None}


def _known(asset: str) -> None:
    if asset not in STAGES:
        raise InvalidParameter(f"there is no asset {asset}", f"choose one of {', '.join(STAGES)}")


def _table(asset: str, table: str | None) -> TableOutput:
    _known(asset)
    tables = STAGES[asset].tables
    for output in tables:
        if table is None or table_file(table) == table_file(output.name):
            return output
    names = ", ".join(one.name for one in tables)
    raise InvalidParameter(
        f"{asset} has no table {table}" if table else f"{asset} has no tables",
        f"it has {names}" if names else "choose an asset of tables, such as captions",
    )
