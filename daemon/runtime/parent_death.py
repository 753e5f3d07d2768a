"""A process that ends with the one that started it, however that ends."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading

_PARENT_DEATH = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def end_with_parent() -> None:
    """End this process with its parent: the next service must find no worker at its jobs, and no page at its port."""
    if sys.platform == "linux":  # the kernel does it even if this process is stopped
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    threading.Thread(target=_follow, args=(multiprocessing.parent_process(),), daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess | None) -> None:
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)
