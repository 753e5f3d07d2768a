"""Several workers colour one film: its parts go to workers that nobody else needs, and one worker joins them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from colorizer.job import Job, Part, Span
from colorizer.photo.formats import detect_kind
from daemon.config.settings import Config
from daemon.workers.events import End, Event, Interrupted, PieceDone, Planned, Progress, WeightsLoaded
from daemon.workers.executor import Executor, ExecutorStatus, Vacancy, Waitable
from daemon.workers.task import ColourFiles, ColourPart, PlanFilm, SurveySpan, Task


@dataclass(eq=False, slots=True)
class _Film:
    """A film that is coloured in parts."""

    key: int
    job: Job
    has_owner: bool = True
    """Whether a worker has the film as a whole: it plans the film, joins the parts, or colours it alone."""
    waiting: list[Span | Part] = field(default_factory=list)
    running: dict[int, Span | Part] = field(default_factory=dict)
    """Spans or parts that workers have, by the keys of their tasks."""
    is_divided: bool = False
    """Whether these are parts, which are joined in the end."""
    frames: int = 0
    """Number of frames of all parts."""
    finished: int = 0
    """Number of frames of the parts that are done."""
    progress: dict[int, int] = field(default_factory=dict)
    """Numbers of frames that are done of the parts that workers have."""
    begun: dict[int, int] = field(default_factory=dict)
    """Numbers of the frames of these parts that were done before."""
    resumed: int = 0
    """Number of the frames of the finished parts that were done before."""
    spans: int = 0
    """Number of the spans in which several workers look for the parts."""
    read: dict[int, float] = field(default_factory=dict)
    """Shares of the spans that were read, by the keys of their tasks."""

    @property
    def has_no_worker(self) -> bool:
        """Whether no worker does anything for the film, although something is to be done."""
        return not self.has_owner and not self.running


class FilmSharing:
    """An executor that divides the long films that it is given among the workers of another executor.

    A film has one worker at any time, as if it were coloured as a whole. Its other parts go to the workers that the
    submitter has left vacant, so that the submitter alone decides about the order of jobs. The keys of parts are
    negative, and nobody outside sees them.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._films: dict[int, _Film] = {}
        self._owners: dict[int, _Film] = {}
        """The films of the parts that workers have, by the keys of their tasks."""
        self._keys = count(-1, -1)

    @property
    def status(self) -> ExecutorStatus:
        """The state now; who has a part has the film's key."""
        status = self._executor.status
        workers = (replace(worker, keys=tuple(map(self._outer_key, worker.keys))) for worker in status.workers)
        return replace(status, workers=tuple(workers))

    def start(self) -> None:
        """Start every configured worker that does not run, parked ones included."""
        self._executor.start()

    def reconfigure(self, config: Config) -> None:
        """Change the workers to what is configured; what is being done is finished first."""
        self._executor.reconfigure(config)

    def vacancies(self) -> list[Vacancy]:
        """List the workers that can be given a task."""
        return self._executor.vacancies()

    def submit(self, task: Task, vacancy: Vacancy) -> None:
        """Give a task to a worker that was vacant at the last call of `vacancies`."""
        film = _film_of(task) if len(self._executor.status.workers) > 1 else None
        if film is None:
            self._executor.submit(task, vacancy)
        else:
            self._films[film.key] = film
            self._executor.submit(PlanFilm(film.key, film.job, is_surveyed=False), vacancy)

    def events(self, timeout: float, wakeup: Waitable | None = None) -> list[Event]:
        """Wait until something happens, and return what happened; this also gives parts to vacant workers."""
        self._share(lambda film: bool(film.waiting))  # the submitter does not need these workers
        events = [told for event in self._executor.events(timeout, wakeup) for told in self._handle(event)]
        self._share(lambda film: film.has_no_worker)
        return events

    def seconds_until_check(self) -> float | None:
        """Seconds until `events` has to be called though nothing happens; None: whenever."""
        return self._executor.seconds_until_check()

    def cancel(self, keys: Collection[int]) -> None:
        """Stop pieces of work at once; they get no more events."""
        parts = [part for key in keys if key in self._films for part in self._drop(self._films[key])]
        self._executor.cancel([*keys, *parts])

    def stop(self) -> None:
        """Stop all workers at once."""
        self._films.clear()
        self._owners.clear()
        self._executor.stop()

    def _share(self, is_needy: Callable[[_Film], bool]) -> None:
        """Give vacant workers what is to be done for the films that need one."""
        if not any(map(is_needy, self._films.values())):
            return
        if self._executor.status.is_parked:
            self._executor.start()
        for vacancy in self._executor.vacancies():
            needy = (film for film in self._films.values() if is_needy(film) and _fits(film.job, vacancy))
            film = next(needy, None)
            if film is not None:
                self._executor.submit(self._next_task(film), vacancy)

    def _next_task(self, film: _Film) -> Task:
        """A part or span that waits; once all are done, the film as a whole: it can be joined then, or planned."""
        if not film.waiting:
            film.has_owner = True
            if film.is_divided:
                return ColourFiles({film.key: film.job})
            return PlanFilm(film.key, film.job, is_surveyed=True)
        piece, key = film.waiting.pop(0), next(self._keys)
        film.running[key], self._owners[key] = piece, film
        return SurveySpan(key, film.job, piece) if isinstance(piece, Span) else ColourPart(key, film.job, piece)

    def _handle(self, event: Event) -> Iterator[Event]:
        """Handle what the workers report; yields what the submitter is told."""
        if isinstance(event, WeightsLoaded):
            yield event
        elif event.key in self._owners:
            yield from self._handle_part(self._owners[event.key], event)
        elif event.key < 0:
            return  # a part of a film that ended a moment before
        elif isinstance(event, Planned):
            film, parts = self._films[event.key], [piece for piece in event.pieces if isinstance(piece, Part)]
            film.has_owner, film.waiting, film.is_divided = False, list(event.pieces), bool(parts)
            film.frames = sum(part.frames for part in parts)
            film.spans, film.read = len(event.pieces) - len(parts), {}
        else:
            if isinstance(event, End):
                self._films.pop(event.key, None)
            yield event

    def _handle_part(self, film: _Film, event: Progress | End) -> Iterator[Event]:
        """The end of a part that failed is the film's; a part whose worker was lost is done again."""
        if isinstance(event, Progress) and event.read is not None:
            film.read[event.key] = event.read
            yield Progress(film.key, 0, 0, read=sum(film.read.values()) / film.spans)
            return
        if isinstance(event, Progress):
            film.begun.setdefault(event.key, event.done)
            film.progress[event.key] = event.done
            done, resumed = sum(film.progress.values()), sum(film.begun.values())
            yield Progress(film.key, film.finished + done, film.frames, film.resumed + resumed)
            return
        del self._owners[event.key]
        film.progress.pop(event.key, None)
        piece = film.running.pop(event.key)
        frames = piece.frames if isinstance(piece, Part) else 0
        begun = film.begun.pop(event.key, frames)  # a part that was done before tells of no progress
        if isinstance(event, PieceDone):
            film.read |= {event.key: 1.0} if isinstance(piece, Span) else {}
            film.finished += frames
            film.resumed += begun
        elif isinstance(event, Interrupted):
            film.read.pop(event.key, None)
            film.waiting.insert(0, piece)
        else:
            self._executor.cancel(self._drop(film))
            yield replace(event, key=film.key)

    def _drop(self, film: _Film) -> list[int]:
        """Forget a film; returns the keys of its parts that workers have."""
        del self._films[film.key]
        for key in film.running:
            del self._owners[key]
        return list(film.running)

    def _outer_key(self, key: int) -> int:
        return self._owners[key].key if key in self._owners else key


def _film_of(task: Task) -> _Film | None:
    """The film that a task is to colour; None where it is another task."""
    if not isinstance(task, ColourFiles) or len(task.jobs) > 1:
        return None
    [(key, job)] = task.jobs.items()
    try:
        return _Film(key, job) if detect_kind(job.source) == "film" else None
    except Exception:  # noqa: BLE001 (no file's content may end the service; the worker says what is wrong)
        return None


def _fits(job: Job, vacancy: Vacancy) -> bool:
    """Whether a worker has the weights for a job, and sees its file."""
    return job.settings.colour in vacancy.colours and not any(map(job.source.is_relative_to, vacancy.unseen))
