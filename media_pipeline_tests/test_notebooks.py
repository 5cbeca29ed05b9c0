"""The notebooks run from top to bottom over a small lake, and are kept without outputs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from media_pipeline_tests.generators.lakes import CUES, correct, make_film, measure_sound

SHOWN = {
    "explore_outputs": (["{key}", "你终于走了"], 3),
    "highlight_tuning": (["{key}", "loudness", "stays"], 2),
    "captions_and_speech": (["early", "Episode 1 <b>.mp4", "-0.5"], 1),
    "sound_of_the_archive": (["Episode 1 <b>.mp4", "Valid", "MOS(0-5)"], 2),
    "caption_quality": (["Episode 1 <b>.mp4", "rapidocr", "0.0147", "0.6667"], 2),
}
"""Words of each notebook's output on the lake of the tests, and how many pictures it has."""
NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def outputs(notebook: Any, kind: str) -> list[str]:
    """Data of that MIME type among the outputs."""
    return [
        output["data"][kind]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = make_film(tmp_path / "lake", clip=False)
    monkeypatch.setenv("MEDIA_PIPELINE_LAKE", str(tmp_path / "lake"))
    measure_sound(film)
    correct(film, [replace(CUES[0], text="你终于走了"), *CUES[1:]])
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=180, kernel_name="python3").execute(cwd=str(tmp_path))
    shown = "\n".join(outputs(notebook, "text/plain"))
    words, pictures = SHOWN[path.stem]
    for word in words:
        assert word.format(key=film.key) in shown
    assert len(outputs(notebook, "image/png")) >= pictures


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
