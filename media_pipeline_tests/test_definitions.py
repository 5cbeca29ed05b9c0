"""The Definitions as a whole against a snapshot, so that a change of the graph is seen in review.

After a change that is meant: ``python -m media_pipeline_tests.test_definitions`` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

SNAPSHOT = Path(__file__).with_name("definitions.json")
UPDATE = "python -m media_pipeline_tests.test_definitions"


def described() -> dict[str, Any]:
    """What people rely on: names, dependencies, groups, kinds, checks, jobs and triggers."""
    from media_pipeline.definitions import defs

    repository = defs.get_repository_def()
    return {
        "assets": _assets(repository),
        "jobs": sorted(job for job in repository.job_names if not job.startswith("__")),
        "schedules": {
            schedule.name: {"cron": schedule.cron_schedule, "job": schedule.job_name}
            for schedule in repository.schedule_defs
        },
        "sensors": {
            sensor.name: {
                "jobs": sorted(target.job_name for target in sensor.targets),
                "seconds": sensor.minimum_interval_seconds,
            }
            for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
        },
    }


def _assets(repository: dg.RepositoryDefinition) -> dict[str, Any]:
    graph = repository.asset_graph
    found = {}
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        found[key.to_user_string()] = {
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "group": node.group_name,
            "kinds": sorted(node.kinds),
            "pools": sorted(node.pools or []),
            "partitions": node.partitions_def.name if node.partitions_def else None,
            "checks": sorted(check.name for check in node.check_keys),
        }
    return found


def test_what_people_start_by_hand_makes_no_production_functions() -> None:
    from media_pipeline.definitions import defs

    graph = defs.get_repository_def().asset_graph
    made = {
        name: {
            graph.get(key).group_name
            for key in defs.resolve_job_def(name).asset_layer.selected_asset_keys
        }
        for name in ("process_media", "catalogue")
    }
    assert made["catalogue"] - made["process_media"] == {"functions"}


def test_the_definitions_are_as_reviewed() -> None:
    expected = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert described() == expected, f"if the change is meant: {UPDATE}"


def test_every_stage_is_an_asset_with_a_description_and_a_version() -> None:
    from media_pipeline.definitions import defs
    from media_pipeline.stages.registry import STAGES

    graph = defs.resolve_asset_graph()
    for name, stage in STAGES.items():
        node = graph.get(dg.AssetKey(name))
        assert node.description == stage.description
        assert node.code_version == stage.version


@pytest.mark.slow
def test_the_definitions_load_without_settings_or_engines() -> None:
    """The code server must come up on a machine whose settings are wrong, to show what is wrong."""
    import os
    import subprocess
    import sys

    code = (
        "import sys, media_pipeline.definitions as d;"
        "d.defs.get_repository_def();"
        "print(*{m.split('.')[0] for m in sys.modules} & "
        "{'rapidocr', 'faster_whisper', 'pocketsphinx', 'moviepy', 'matplotlib', 'torch'})"
    )
    environment = {**os.environ, "MEDIA_PIPELINE_RETENTION_DAYS": "no number"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


if __name__ == "__main__":
    text = json.dumps(described(), indent=1, ensure_ascii=False)
    SNAPSHOT.write_text(text + "\n", encoding="utf-8")
