"""Everything that ``dagster.yaml`` needs, on one machine, from Debian's packages.

``installed`` finds programs and says how to install what is missing, ``services`` describes what
runs, ``processes`` keeps it running, and ``machine`` puts them together. Asking on a terminal is
the work of ``local.py``.
"""

from deploy.machine.installed import Missing
from deploy.machine.machine import Machine

__all__ = ["Machine", "Missing"]
