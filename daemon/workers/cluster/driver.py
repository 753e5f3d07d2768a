"""The driver: starts an actor for each slot, gives the actors their tasks, and reports what they send."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from multiprocessing.connection import Connection
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayActorError, RayError

from colorizer.weights_path import weights_hash
from daemon.workers.cluster.messages import (
    Assign,
    Cancel,
    ClusterSpec,
    Command,
    EndDriver,
    FromSlot,
    Report,
    SlotFree,
    SlotLost,
    SlotReady,
    SlotWaits,
)
from daemon.workers.cluster.probes import probes
from daemon.workers.cluster.slot_actor import SlotActor, SlotReport
from daemon.workers.cluster.versions import find_difference, own_versions

_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between two looks at a slot that has no node; the last one is repeated."""
_REFUSED_SECONDS = 30.0
"""Seconds after which a node that was refused is looked at again: somebody may have corrected it."""
_CANCEL_SECONDS = 10.0
"""Seconds within which a slot must have stopped an attempt; else its process is ended."""
_NODE_SECONDS = 5.0
"""Seconds within which Ray learns that the node of a process that has ended is lost, too."""


class Driver:
    """All slots. Each is a coroutine; what the service sends wakes the one that it is for."""

    def __init__(self, connection: Connection, spec: ClusterSpec) -> None:
        self._connection = connection
        self._spec = spec
        self._slots: dict[int, _Slot] = {}
        self._is_over = asyncio.Event()

    async def run(self) -> None:
        """Serve until the service closes the connection."""
        asyncio.get_running_loop().add_reader(self._connection.fileno(), self._receive)
        self._apply(self._spec)
        await self._is_over.wait()

    def _receive(self) -> None:
        try:
            while self._connection.poll(0):
                self._obey(self._connection.recv())
        except (EOFError, OSError):
            self._is_over.set()

    def _obey(self, command: Command) -> None:
        match command:
            case ClusterSpec():
                self._apply(command)
            case Assign(slot) if slot in self._slots:
                self._slots[slot].assignments.put_nowait(command)
            case Cancel(slot, attempt) if slot in self._slots:
                self._slots[slot].cancel(attempt)
            case EndDriver():
                self._is_over.set()

    def _apply(self, spec: ClusterSpec) -> None:
        """Start the slots that are missing, and open the others anew; those that are too many end after their tasks."""
        is_resized = (spec.cpus, spec.gpus) != (self._spec.cpus, self._spec.gpus)
        self._spec = spec
        for number, slot in list(self._slots.items()):
            if number >= spec.slots or is_resized:
                slot.retire()
                del self._slots[number]
            else:
                slot.reopen(spec)
        for number in range(spec.slots):
            if number not in self._slots:
                self._slots[number] = _Slot(number, spec, self._send)

    def _send(self, report: Report) -> None:
        try:
            self._connection.send(report)
        except OSError:
            self._is_over.set()


class _Slot:
    """One slot: its actor, and the coroutine that opens it, gives it tasks, and opens it again when it is lost."""

    def __init__(self, number: int, spec: ClusterSpec, send: Any) -> None:  # noqa: ANN401
        self.assignments: asyncio.Queue[Assign | None] = asyncio.Queue()
        self._number = number
        self._spec = spec
        self._send = send
        self._is_retired = False
        self._cancelled = 0
        """The last attempt that is not wanted any more."""
        self._node_id = ""
        self._node = ""
        self._actor: Any = None
        self._background: set[asyncio.Task[None]] = set()
        self._begin(self._serve())

    def reopen(self, spec: ClusterSpec) -> None:
        """Open the slot as it is configured now, after its task."""
        self._spec = spec
        self.assignments.put_nowait(None)

    def retire(self) -> None:
        """End the slot after its task."""
        self._is_retired = True
        self.assignments.put_nowait(None)

    def cancel(self, attempt: int) -> None:
        """Stop an attempt, or see that it does not begin."""
        self._cancelled = attempt
        if self._actor is not None:
            self._begin(self._cancel(attempt))

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _serve(self) -> None:
        """Open the actor and give it tasks; begin again whenever it is lost."""
        failures = 0
        while not self._is_retired:
            try:
                if self._actor is None:
                    self._actor = _create(self._spec)
                    reason = "no node has the processors or GPUs for it yet"
                    self._send(SlotWaits(self._number, reason, is_fault=False))
                refusal = await self._open()
                if refusal is None:
                    failures = 0
                    await self._work()
                    continue
                self._send(SlotWaits(self._number, refusal))
                self._drop_actor()
                delay = _REFUSED_SECONDS
            except RayError as error:
                self._send(SlotWaits(self._number, _reason(error)))
                if isinstance(error, ActorDiedError) or not isinstance(error, RayActorError):
                    self._drop_actor()
                delay = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
                failures += 1
            await asyncio.sleep(delay)
        self._drop_actor()

    async def _open(self) -> str | None:
        """Check the node, and have its worker load the weights; returns why the node is refused.

        Raises:
            RayError: the actor is lost.

        """
        spec = self._spec
        versions, self._node_id, self._node = await self._actor.versions.remote()
        difference = find_difference(own_versions(), versions, self._node)
        if difference is not None:
            return difference
        with probes(spec.folders, spec.paths) as made:
            report: SlotReport = await self._actor.open.remote(spec.slot, made)
        if report.refusal is not None:
            return f"node {self._node}: {report.refusal}"
        for path, node_hash in zip(spec.weights, report.weights, strict=True):
            own = await asyncio.to_thread(weights_hash, path)
            if own != node_hash:
                return (
                    f"the weights {path.name} are {node_hash[:12]} on node {self._node}, "
                    f"and {own[:12]} on the service's machine"
                )
        unseen = {number: fault for number, fault in enumerate(report.faults) if fault is not None}
        self._send(SlotReady(self._number, self._node, report.weights, unseen))
        return None

    async def _work(self) -> None:
        """Give the actor one task after the other, until it must be opened again.

        Raises:
            RayError: the actor is lost.

        """
        life = asyncio.ensure_future(_result(self._actor.live.remote()))
        self._background.add(life)
        life.add_done_callback(self._background.discard)
        while True:
            following = asyncio.ensure_future(self.assignments.get())
            await asyncio.wait({following, life}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                life.result()
            assign = await following
            if assign is None:
                return
            await self._do(assign)

    async def _do(self, assign: Assign) -> None:
        """Have the actor do a task, and report its events.

        Raises:
            RayError: the actor is lost; the service knows.

        """
        if assign.attempt <= self._cancelled:
            self._send(SlotFree(self._number, assign.attempt))
            return
        try:
            async for reference in self._actor.do.options(num_returns="streaming").remote(assign.attempt, assign.task):
                self._send(FromSlot(self._number, assign.attempt, await reference))
        except RayError as error:
            is_lost = isinstance(error, RayActorError) and await self._is_node_lost()
            what = "node" if is_lost else "slot's process on node"
            reason = f"the {what} {self._node} was lost"
            self._send(SlotLost(self._number, assign.attempt, reason, is_node_lost=is_lost))
            raise
        self._send(SlotFree(self._number, assign.attempt))

    async def _is_node_lost(self) -> bool:
        """Whether the node of the actor is lost, and not the actor's process alone."""
        for _ in range(int(_NODE_SECONDS / 0.5)):
            nodes = await asyncio.to_thread(ray.nodes)
            if not any(node["NodeID"] == self._node_id and node["Alive"] for node in nodes):
                return True
            await asyncio.sleep(0.5)
        return False

    async def _cancel(self, attempt: int) -> None:
        """Stop an attempt, in a friendly way first."""
        try:
            await asyncio.wait_for(_result(self._actor.cancel.remote(attempt)), _CANCEL_SECONDS)
        except TimeoutError:
            ray.kill(self._actor, no_restart=False)
        except RayError:
            return  # the actor is lost, and the attempt with it

    def _drop_actor(self) -> None:
        if self._actor is not None:
            ray.kill(self._actor)
        self._actor = None


def _create(spec: ClusterSpec) -> Any:  # noqa: ANN401 (Ray's handles have no types of their own)
    """Start an actor on any node that has its processors and GPUs; Ray starts it again if it is lost."""
    options: dict[str, Any] = {
        "num_cpus": spec.cpus,
        "num_gpus": spec.gpus,
        "max_restarts": -1,
        "max_task_retries": 0,  # the journal alone tries again
        "scheduling_strategy": "SPREAD",
        "concurrency_groups": {"cancel": 1, "life": 1},
    }
    return ray.remote(**options)(SlotActor).remote()


async def _result(reference: Any) -> Any:  # noqa: ANN401
    return await reference


def _reason(error: RayError) -> str:
    """Ray's reason, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if isinstance(error, ActorDiedError) and lines else "its node was lost; Ray looks for another one"
