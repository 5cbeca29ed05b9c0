"""Action engines: how one is found, and what becomes of one that is broken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES, actions
from media_pipeline.stages.highlights.candidates import Params
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.highlights import make_film, write_film
from media_pipeline_tests.stages.highlights.test_candidates import upstream


class Brightness:
    """Knows two actions by how bright the pictures are."""

    name = "brightness 1"

    def supported(self, wanted: Sequence[str]) -> list[str]:
        return [a for a in wanted if a in ("Glow", "Dusk")]

    def recognise(
        self, pictures: Sequence[NDArray[np.uint8]], wanted: Sequence[str]
    ) -> dict[str, float]:
        assert len(pictures) == actions.PICTURES
        bright = float(np.mean([p.mean() for p in pictures])) / 255
        return {"Glow": float(bright > 0.2), "Dusk": float(bright < 0.1)}


def announce(monkeypatch: pytest.MonkeyPatch, load: Any) -> None:
    point = SimpleNamespace(name="some", load=load, dist=SimpleNamespace(version="3"))
    monkeypatch.setattr(actions, "entry_points", lambda group: [point])


@pytest.mark.slow
def test_an_announced_engine_tags_what_it_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(monkeypatch, lambda: Brightness)
    assert actions.identify_engine(None) == {"name": "some", "version": "3"}
    path = write_film(make_film(3, duration=40.0, clip=5.0), tmp_path / "film.mp4")
    found = artifacts.run_stage(
        HIGHLIGHT_CANDIDATES,
        path,
        tmp_path / "out",
        upstream(path, tmp_path, None),
        Params(clip_duration=5, enable_action_recog=True, custom_actions=["Glow", "Dusk", "Fly"]),
    )
    assert found.facts["unsupported_actions"] == ["Fly"]
    rows = found.table("highlights.parquet").to_pylist()
    assert rows
    assert all("Glow" in row["tags"] and "Dusk" not in row["tags"] for row in rows)


def test_nothing_is_installed_by_itself() -> None:
    assert actions.find_engine(None) is None
    assert actions.identify_engine(None) is None


def test_an_engine_that_cannot_be_loaded_or_is_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> Any:
        raise ImportError("No module named 'torch'")

    announce(monkeypatch, missing)
    with pytest.raises(EngineUnavailable, match="torch"):
        actions.find_engine(None)
    announce(monkeypatch, lambda: dict)
    with pytest.raises(EngineUnavailable, match="is none"):
        actions.find_engine(None)
