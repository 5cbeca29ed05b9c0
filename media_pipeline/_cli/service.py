"""Commands about the machine: serve, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from media_pipeline._cli.console import note, table


def serve(
    host: Annotated[str, typer.Option(help="address that the gateway listens on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port of the gateway")] = 8000,
    dagster_port: Annotated[
        int, typer.Option(min=1, max=65535, help="port of Dagster's interface on this machine")
    ] = 3000,
) -> None:
    """Start the gateway, Dagster's web interface and its daemon, until interrupted.

    The gateway takes signed requests (MEDIA_PIPELINE_ACCESS_KEYS). The daemon runs sensors,
    schedules and queued runs. Dagster's interface has no login and stays on the loopback address.
    """
    from media_pipeline.dagster.serve import serve as start

    raise typer.Exit(start(host, port, dagster_port=dagster_port))


def doctor() -> None:
    """Look at what this machine has for the pipeline, with a remedy for what it lacks."""
    from media_pipeline.doctor import examine, healthy

    checks = examine()
    rows = [
        (
            "ok" if check.ok else ("BROKEN" if check.required else "absent"),
            check.name,
            "required" if check.required else "optional",
            check.found,
            check.remedy,
        )
        for check in checks
    ]
    table("media-pipeline doctor", ("", "what", "", "found", "remedy"), rows)
    if not healthy(checks):
        broken = ", ".join(check.name for check in checks if check.required and not check.ok)
        note(f"media-pipeline: required and broken: {broken}")
        raise typer.Exit(1)
