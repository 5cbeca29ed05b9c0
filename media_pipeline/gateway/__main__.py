"""``python -m media_pipeline.gateway``: the gateway alone, next to a Dagster that runs already."""

from __future__ import annotations

import argparse
import sys

from media_pipeline.errors import MediaPipelineError
from media_pipeline.gateway.logs import log_as_json
from media_pipeline.gateway.service import run
from media_pipeline.settings import Settings


def main() -> int:
    """Run the gateway as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m media_pipeline.gateway")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    log_as_json()
    try:
        run(Settings(), given.host, given.port)
    except MediaPipelineError as error:
        sys.stderr.write(f"media-pipeline gateway: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
