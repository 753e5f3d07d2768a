"""A discrete-event simulation of a cluster: slots, the service, the driver and the shared store, on a shelf of files.

A slot takes the next photographs or the next film of the queue. A film has one slot, which surveys its spans, colours
its parts and joins them. When the queue is empty, free slots take spans and parts of the films that are left. Each job
costs the service a start and an end in the journal, and the driver a message. A slot that colours a film sends its
progress. The store moves bytes, one transfer after the other, the long ones in pieces.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from simpy import Environment, Event

_PIECE = 64e6
"""Bytes that the store moves at once: a transfer does not wait for another one's end."""

_PROGRESS_SECONDS = 5.0
"""Seconds between two reports of a slot's progress, as in `daemon.workers.cluster.slot_actor`."""

Steps = Generator[Event, None, None]


@dataclass(frozen=True, slots=True)
class Costs:
    """Service times in seconds, and bytes."""

    photograph: Sequence[float]
    """Of a slot, for a photograph: measured values, one of which is drawn for each task."""
    batch: int
    """Photographs of a task."""
    photograph_read: float
    photograph_written: float
    frame: Sequence[float]
    """Of a slot, for colouring a frame: likewise, for each part."""
    plan: float
    """Of a slot, for a frame."""
    join: float
    """Of a slot, for a frame."""
    frame_read: float
    frame_written: float
    start: float
    """Of the service, for the start of a job, with the journal's commit."""
    end: float
    """Of the service, for the end of a job, with publication and the journal's commit."""
    message: float
    """Of the driver, for a job or a report of progress."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is to be coloured."""

    photographs: int
    films: Sequence[int]
    """Numbers of frames of the films."""
    part: int
    """Frames of a part of a film."""
    span: int
    """Frames of a span in which one slot looks for the beginnings of segments."""


@dataclass(slots=True)
class Server:
    """Something that does one thing after the other, in the order in which it is asked."""

    environment: Environment
    busy: float = 0.0
    """Seconds in which it did something."""
    waits: float = 0.0
    """Sum of the seconds for which it was waited for."""
    asked: int = 0
    longest: float = 0.0
    """Longest wait."""
    _free_at: float = 0.0

    def serve(self, seconds: float) -> Event:
        """An event at the end of the service."""
        now = self.environment.now
        begin = max(now, self._free_at)
        self._free_at = begin + seconds
        self.busy, self.waits, self.asked = self.busy + seconds, self.waits + begin - now, self.asked + 1
        self.longest = max(self.longest, begin - now)
        return self.environment.timeout(self._free_at - now)


@dataclass(eq=False, slots=True)
class _Film:
    frames: int
    pieces: deque[int] = field(default_factory=deque)
    """Frames of the spans or parts that nobody has taken."""
    is_surveyed: bool = False
    """Whether these are parts."""
    running: int = 0
    """Pieces that slots have."""


@dataclass(slots=True)
class Outcome:
    """What the simulation has found."""

    seconds: float = 0.0
    queue_empty_at: float = 0.0
    """Seconds after which no file waits: the rest is the end of the last films."""
    colouring: float = 0.0
    """Slot seconds of colouring."""
    planning: float = 0.0
    joining: float = 0.0
    """Slot seconds of joining, with the waits for the store."""
    idle: float = 0.0
    """Slot seconds without work."""
    commits: int = 0
    """Transactions of the journal."""
    moved: float = 0.0
    """Bytes that the store has moved."""
    photographs: int = 0
    frames: int = 0


@dataclass(eq=False, slots=True)
class Cluster:
    """A number of slots at work on a shelf."""

    costs: Costs
    shelf: Shelf
    slots: int
    bandwidth: float
    """Bytes a second of the store."""
    environment: Environment = field(default_factory=Environment)
    outcome: Outcome = field(default_factory=Outcome)
    service: Server = field(init=False)
    driver: Server = field(init=False)
    store: Server = field(init=False)
    _chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 (no secret)
    _queue: deque[int | _Film] = field(default_factory=deque)
    """Batches of photographs, by their sizes, and films."""
    _shared: deque[_Film] = field(default_factory=deque)
    """Films of which pieces wait."""
    _left: int = 0
    """Films and batches that are not done."""
    _changed: Event = field(init=False)

    def __post_init__(self) -> None:
        """Fill the queue, in any order: photographs and films are mixed."""
        self.service, self.driver, self.store = (Server(self.environment) for _ in range(3))
        self._changed = self.environment.event()
        whole, rest = divmod(self.shelf.photographs, self.costs.batch)
        tasks: list[int | _Film] = [*[self.costs.batch] * whole, *[rest] * bool(rest)]
        tasks += map(_Film, self.shelf.films)
        self._chance.shuffle(tasks)
        self._queue.extend(tasks)
        self._left = len(tasks)

    def run(self) -> Outcome:
        """Do all that is on the shelf."""
        for _ in range(self.slots):
            self.environment.process(self._slot())
        self.environment.run()
        self.outcome.seconds = float(self.environment.now)
        return self.outcome

    def _slot(self) -> Steps:
        """What a slot does until nothing is left."""
        while self._left:
            if self._queue:
                task = self._queue.popleft()
                if not self._queue:
                    self.outcome.queue_empty_at = self.environment.now
                yield from self._film(task) if isinstance(task, _Film) else self._photographs(task)
            elif self._shared:
                yield from self._help(self._shared[0])
            else:
                begun = self.environment.now
                yield self._changed
                self.outcome.idle += self.environment.now - begun

    def _photographs(self, count: int) -> Steps:
        yield from self._told(count)
        yield self._move(count * self.costs.photograph_read)
        seconds = count * self._chance.choice(self.costs.photograph)
        self.outcome.colouring += seconds
        yield self.environment.timeout(seconds)
        yield self._move(count * self.costs.photograph_written)
        yield from self._done(count)
        self.outcome.photographs += count

    def _film(self, film: _Film) -> Steps:
        """Survey and colour a film; one slot alone colours it without a survey."""
        yield from self._told(1)
        self._share(film, self.shelf.part if self.slots == 1 else self.shelf.span, is_surveyed=self.slots == 1)
        yield from self._help(film)

    def _share(self, film: _Film, length: int, *, is_surveyed: bool) -> None:
        """Divide a film into pieces, which other slots may take, too."""
        film.pieces, film.is_surveyed = deque(_pieces(film.frames, length)), is_surveyed
        self._shared.append(film)
        self._tell()

    def _help(self, film: _Film) -> Steps:
        """Do pieces of a film; who ends the last span divides it into parts, and who ends the last part joins them."""
        while film.pieces:
            frames = film.pieces.popleft()
            if not film.pieces:
                self._shared.remove(film)
            film.running += 1
            yield from self._colour(frames) if film.is_surveyed else self._survey(frames)
            film.running -= 1
            if self._queue and film.running:
                return  # another slot goes on with the film, and a file waits for this one
            if not (film.pieces or film.running or film.is_surveyed):
                self._share(film, self.shelf.part, is_surveyed=True)
        if not film.running:
            yield from self._join(film)

    def _survey(self, frames: int) -> Steps:
        yield self.driver.serve(self.costs.message)
        self.outcome.planning += frames * self.costs.plan
        yield self.environment.timeout(frames * self.costs.plan) & self._move(frames * self.costs.frame_read)

    def _colour(self, frames: int) -> Steps:
        seconds = frames * self._chance.choice(self.costs.frame)
        yield self.driver.serve(self.costs.message * (1 + seconds / _PROGRESS_SECONDS))
        self.outcome.colouring += seconds
        both = self.costs.frame_read + self.costs.frame_written
        yield self.environment.timeout(seconds) & self._move(frames * both)

    def _join(self, film: _Film) -> Steps:
        """Read the segments and the original, write the result, and read it again."""
        film.running = 1
        begun, each = self.environment.now, self.costs.frame_read + 3 * self.costs.frame_written
        left = film.frames * each
        computed = self.environment.timeout(film.frames * self.costs.join)
        while left > 0:
            yield self._move(min(left, _PIECE))
            left -= _PIECE
        yield computed
        self.outcome.joining += self.environment.now - begun
        yield from self._done(1)
        self.outcome.frames += film.frames

    def _told(self, jobs: int) -> Steps:
        """The service starts jobs, and the driver sends the task."""
        yield self.service.serve(jobs * self.costs.start)
        yield self.driver.serve(jobs * self.costs.message)
        self.outcome.commits += jobs

    def _done(self, jobs: int) -> Steps:
        """The slot is free; the service enters the ends while it has its next task."""
        self.outcome.commits += 2 * jobs
        entered = self.service.serve(jobs * self.costs.end)
        self._left -= 1
        self._tell()
        yield entered

    def _tell(self) -> None:
        """Wake the slots that have nothing to do."""
        changed, self._changed = self._changed, self.environment.event()
        changed.succeed()

    def _move(self, size: float) -> Event:
        self.outcome.moved += size
        return self.store.serve(size / self.bandwidth)


def _pieces(frames: int, length: int) -> Iterator[int]:
    """The pieces of a film, of about the same length."""
    count = max(1, round(frames / length))
    for number in range(count):
        yield frames * (number + 1) // count - frames * number // count
