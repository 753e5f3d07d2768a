"""The running process: its log, signals, wake-up, lock, state, and messages to systemd.

May import: daemon.files, daemon.config.
Imported by: daemon.watch and all packages above it.
"""

from daemon.runtime.log import configure_log
from daemon.runtime.notify import notify, watchdog_interval
from daemon.runtime.service_state import LatestState, ServiceState, WorkerState
from daemon.runtime.signals import Signals
from daemon.runtime.state_lock import StateError, state_locked
from daemon.runtime.wakeup import Wakeup

__all__ = [
    "LatestState",
    "ServiceState",
    "Signals",
    "StateError",
    "Wakeup",
    "WorkerState",
    "configure_log",
    "notify",
    "state_locked",
    "watchdog_interval",
]
