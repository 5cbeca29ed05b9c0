"""``python -m media_pipeline.dagster.leash NICENESS MODULE …``: a module that ends with who started
it, and gives way to others by so much.

Who starts it holds the other end of its standard input and says nothing. However that process
ends, by ``kill -9`` as well, the pipe closes then, and the module is killed with all that it has
started. Nothing is lost by that: rows and runs are written so that they outlive it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module that the arguments name."""
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    os.nice(int(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGKILL)  # the group is its own: see the serving process


if __name__ == "__main__":
    main()
