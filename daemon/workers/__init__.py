"""Does tasks in other processes: the executor's protocol, and the pool of worker processes that implements it.

May import: daemon.runtime, daemon.files, daemon.config; colorizer.engine and torch only inside a worker (worker_main).
Imported by: daemon.jobs, daemon.control, daemon.commands, daemon.service.

The submitter starts an `Executor`, submits a `Task` to one of its vacancies and asks for `events`. Each piece of work
in a task has a key, which the submitter chooses. Every key that is submitted gets exactly one `End`, unless the
submitter cancels it; `Progress` may come before it.

`WorkerPool` is the executor of this machine. It has a `WorkerSlot` for each worker that is configured. A slot starts a
`Worker` (a spawned process), which loads the weights, sends `Ready`, and then receives tasks and sends a message for
each step. The pool restarts workers that die, and stops those that exceed a limit. `tintd run` and `tintd colorize`
use the same pool.
"""

from daemon.workers.events import (
    Crashed,
    Done,
    End,
    Event,
    Failed,
    FailureKind,
    Interrupted,
    IsDuplicate,
    Progress,
    Skipped,
    WeightsLoaded,
)
from daemon.workers.executor import Executor, ExecutorStatus, Vacancy, WorkerStatus
from daemon.workers.pool import WorkerPool
from daemon.workers.task import CheckDuplicate, ColouredFile, ColourFiles, MakePreview, MakeTrial, Task, TaskKind

__all__ = [
    "CheckDuplicate",
    "ColourFiles",
    "ColouredFile",
    "Crashed",
    "Done",
    "End",
    "Event",
    "Executor",
    "ExecutorStatus",
    "Failed",
    "FailureKind",
    "Interrupted",
    "IsDuplicate",
    "MakePreview",
    "MakeTrial",
    "Progress",
    "Skipped",
    "Task",
    "TaskKind",
    "Vacancy",
    "WeightsLoaded",
    "WorkerPool",
    "WorkerStatus",
]
