"""What the files for several machines say, where they cannot be run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from media_pipeline.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TEXTS = {
    path.relative_to(DEPLOY).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(DEPLOY.rglob("*"))
    if path.is_file() and path.suffix != ".pyc"
}


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "README.md"])
def test_every_variable_is_a_setting_or_is_explained(name: str) -> None:
    explained = re.findall(r"`([A-Z_…]+)`", TEXTS["README.md"])
    settings = {field.upper() for field in Settings.model_fields}
    used = set(re.findall(rf"{PREFIX}([A-Z0-9_]*[A-Z0-9])", TEXTS[name]))
    assert used <= settings | set(explained)


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith((".yaml", ".yml"))])
def test_yaml_can_be_read(name: str) -> None:
    assert yaml.safe_load(TEXTS[name])


def test_compose_starts_what_the_local_script_starts() -> None:
    services = yaml.safe_load(TEXTS["compose.yaml"])["services"]
    script = TEXTS["machine/services.py"]
    for name in ("code", "web", "daemon", "gateway", "worker"):
        command = [word for word in services[name]["command"] if word.isalpha()]
        module = {
            "dagster-webserver": "dagster_webserver",
            "dagster-daemon": "dagster._daemon",
            "python": "sys.executable",
        }
        for word in command:
            assert module.get(word, word) in script, f"{name}: {word}"
        assert services[name]["image"] == services["code"]["image"], "one image for all"


def test_the_image_has_every_file_that_it_copies_and_no_root() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", TEXTS["Dockerfile"], re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}\n" in ignored
    assert re.search(r"^USER \d+$", TEXTS["Dockerfile"], re.MULTILINE)
