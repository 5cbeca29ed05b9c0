"""What the functions on pictures do to films whose truth is known, beside the classical ways.

    python benchmarks/video_functions [NAME ...]

Everything is drawn by the generators of the tests, written as H.264, and measured in one run: the
scores say what is better, CPU seconds a second of film (child processes included) what it costs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import face_beauty
import green_screen

FUNCTIONS = {"FaceBeauty": face_beauty.rows, "VideoGreenScreenMatting": green_screen.rows}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FUNCTIONS))
    given = parser.parse_args()
    for name in given.names or FUNCTIONS:
        with tempfile.TemporaryDirectory(prefix="media_pipeline_") as folder:
            print(name, flush=True)
            for row in FUNCTIONS[name](Path(folder)):
                print(row, flush=True)
        print()


if __name__ == "__main__":
    main()
