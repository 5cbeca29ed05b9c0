#!/usr/bin/env python3
"""Everything that ``dagster.yaml`` of this folder needs, on one machine, from Debian's packages.

PostgreSQL, Redis, a server of object storage, and ours: code server, web interface, daemon, gateway
and workers. What ends without being asked to is started again. It is a way to try the set-up, and
what the tests of faults break and mend.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from deploy.machine import Machine, Missing
from deploy.machine.processes import POLL_S
from deploy.machine.services import BROKERS, ENDPOINT

_FOLDER = Path(__file__).resolve().parents[1] / "data" / "machines"


def main() -> int:
    """Run it until a signal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--broker", choices=BROKERS, default=BROKERS[0])
    parser.add_argument("--port", type=int, default=8000, help="of the gateway")
    parser.add_argument("--dagster-port", type=int, default=3000)
    given = parser.parse_args()
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda one, _: ended.append(one))
    try:
        machine = Machine(
            given.folder,
            workers=given.workers,
            broker=given.broker,
            port=given.port,
            dagster_port=given.dagster_port,
        )
    except Missing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        machine.start()
        shown = {name: f"http://127.0.0.1:{machine.ports[name]}" for name in ("gateway", "web")}
        shown["storage"] = machine.environment[ENDPOINT]
        sys.stderr.write(" ".join(f"{name} {url}" for name, url in shown.items()) + "\n")
        while not ended:
            machine.watch()
            time.sleep(POLL_S)
    finally:
        machine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
