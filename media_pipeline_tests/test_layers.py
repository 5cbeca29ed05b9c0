"""The rules between the layers, read off the import statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import media_pipeline

ROOT = Path(media_pipeline.__file__).parent

# What each layer may import besides itself. A module that is not named here fails the test.
_ORDER: list[set[str]] = [
    {"errors"},
    {"media"},
    {"text"},
    {"ocr", "asr"},
    {"stages"},
    {"settings"},
    {"report", "store", "services"},
    {"transfer", "profiles", "sample", "doctor"},
    {"runner"},
    {"production"},
    {"requests"},
    {"dagster", "gateway"},
    {"definitions", "_cli", "cli"},
]
_RANK = {name: rank for rank, names in enumerate(_ORDER) for name in names}

_ONLY_IN: dict[str, set[str]] = {
    "dagster": {"dagster", "definitions"},
    "fastapi": {"gateway"},
    "starlette": {"gateway"},
    "uvicorn": {"gateway"},
    "sqlalchemy": {"requests", "dagster", "gateway"},
    "typer": {"cli", "_cli"},
}


def modules() -> list[Path]:
    return sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_imports_upwards(path: Path) -> None:
    layer = layer_of(path)
    assert layer in _RANK, f"{layer} has no place among the layers"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "media_pipeline" and len(parts) > 1 and parts[1] in _RANK:
            assert _RANK[parts[1]] <= _RANK[layer], f"{layer} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_frameworks_stay_in_their_layer(path: Path) -> None:
    for name in imports(path):
        allowed = _ONLY_IN.get(name.split(".")[0])
        assert allowed is None or layer_of(path) in allowed, f"{layer_of(path)} imports {name}"


def test_stages_never_read_the_environment() -> None:
    below_settings = {name for names in _ORDER[: _RANK["settings"]] for name in names}
    for path in modules():
        if layer_of(path) in below_settings:
            names = {
                n.attr
                for n in ast.walk(ast.parse(path.read_text()))
                if isinstance(n, ast.Attribute)
            }
            assert not names & {"environ", "getenv"}, (
                f"{path.relative_to(ROOT)} reads the environment"
            )


@pytest.mark.slow
def test_siblings_do_not_import_each_other_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in modules():
        targets = {n.split(".")[1] for n in imports(path) if n.startswith("media_pipeline.")}
        edges.setdefault(layer_of(path), set()).update(targets & set(_RANK))
    for names in _ORDER:
        for one in names:
            for other in names - {one}:
                both = other in edges.get(one, ()) and one in edges.get(other, ())
                assert not both, f"{one} and {other} import each other"


def test_the_files_stay_small() -> None:
    long = [
        f"{p.relative_to(ROOT)} ({n})"
        for p in modules()
        if (n := len(p.read_text().splitlines())) > 400
    ]
    assert not long, f"over 400 lines: {long}"
