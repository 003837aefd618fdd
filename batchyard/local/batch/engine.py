"""The scheduler at work: the pure core behind one lock, and one thread that carries out what it decides."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from batchyard.local.batch.config import Clock
from batchyard.local.batch.launching import Place, Task, launch_of, new_task
from batchyard.local.batch.store import JobRecord
from batchyard.local.runners.launch import Runner
from batchyard.local.scheduler import core
from batchyard.local.scheduler.events import (
    Decision,
    Ended,
    EnvironmentPut,
    Event,
    StartAttempt,
    Started,
    StopAttempt,
    Submitted,
    TimePassed,
)
from batchyard.local.scheduler.model import Consumable, Job, Outcome
from batchyard.local.scheduler.ordering import Order
from batchyard.local.scheduler.state import State

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobState:
    """A job as the scheduler sees it now, and the tasks of its attempts by their number."""

    job: Job
    tasks: dict[int, Task]


class Engine:
    """Owns the scheduler's state. `post` may be called from any thread; decisions are carried out by one.

    An event is applied before `post` returns, so that a caller reads what it wrote. The lock is held for the step
    alone, never while a runner or another service is called.
    """

    def __init__(self, runner: Runner, clock: Clock, host_limit: int) -> None:
        self._runner = runner
        self._clock = clock
        self._state = State(host_limit=host_limit)
        self._condition = threading.Condition()
        self._decisions: deque[Decision] = deque()
        self._records: dict[str, JobRecord] = {}
        self._places: dict[str, Place] = {}
        self._tasks: dict[str, dict[int, Task]] = {}
        self._is_closed = False
        self._last = 0.0
        self._thread = threading.Thread(target=self._work, name="batch-scheduler", daemon=True)

    def start(self) -> None:
        """Begin to carry out decisions."""
        self._thread.start()

    def post(self, event: Event) -> None:
        """Apply an event; what follows from it is carried out soon."""
        with self._condition:
            self._step(event)

    def submit(self, records: Iterable[JobRecord], event: Submitted) -> None:
        """Apply a submission of these jobs."""
        with self._condition:
            self._records.update((record.job_id, record) for record in records)
            self._step(event)

    def put_environment(self, place: Place, event: EnvironmentPut) -> None:
        """Apply a change of a compute environment. What its jobs saw of it stays known when it is deleted."""
        with self._condition:
            self._places[event.environment.key] = place
            self._step(event)

    def jobs(self, job_ids: Iterable[str]) -> list[JobState]:
        """How these jobs are now, all at one moment."""
        with self._condition:
            return [
                JobState(self._state.jobs[key], dict(self._tasks.get(key, {})))
                for key in job_ids
                if key in self._state.jobs
            ]

    def front(self, queue: str, limit: int) -> list[Job]:
        """The first RUNNABLE jobs of a queue, in the order in which they will start."""
        with self._condition:
            order = Order(self._state, self._state.queues[queue], self._clock.now())
            front: list[Job] = []
            while len(front) < limit and (job := order.next()) is not None:
                order.charge(job)
                front.append(job)
            return front

    def consumable(self, key: str) -> Consumable:
        """A consumable resource as it is now."""
        with self._condition:
            return self._state.consumables[key]

    def close(self) -> None:
        """Stop scheduling, end and reap every running job. Harmless when done twice."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._runner.close()

    def _step(self, event: Event) -> None:
        """Apply an event. The core's time never goes back, whatever the machine's clock does."""
        self._last = max(self._last, self._clock.now())
        self._decisions += core.step(self._state, event, self._last)
        self._condition.notify_all()

    def _work(self) -> None:
        while (decision := self._next_decision()) is not None:
            match decision:
                case StartAttempt(job, attempt):
                    try:
                        self._start_attempt(decision)
                    except Exception as error:
                        # This thread must outlive every fault: all other jobs depend on it.
                        log.exception("job %s, attempt %s", job, attempt)
                        reason = f"The local account failed: {error!r}"
                        self.post(Ended(job, attempt, Outcome("Task failed to start", reason=reason)))
                case StopAttempt(job, attempt):
                    self._runner.stop((job, attempt))

    def _next_decision(self) -> Decision | None:
        """The next decision to carry out, waited for; None when closed."""
        with self._condition:
            while not self._is_closed and not self._decisions:
                deadline = core.next_deadline(self._state)
                left = None if deadline is None else deadline - self._clock.now()
                if left is not None and left <= 0:
                    self._step(TimePassed())
                else:
                    self._condition.wait(None if left is None else self._clock.real_seconds(left))
            return None if self._is_closed else self._decisions.popleft()

    def _start_attempt(self, decision: StartAttempt) -> None:
        job, number = decision.job, decision.attempt
        with self._condition:
            record, place = self._records[job], self._places[decision.environment]
            task = new_task(record, place)
            self._tasks.setdefault(job, {})[number] = task

        def on_ended(outcome: Outcome, containers: Mapping[str, Outcome]) -> None:
            with self._condition:
                self._tasks[job][number] = replace(task, ends=containers)
                self._step(Ended(job, number, outcome))

        self._runner.start(launch_of(record, number, place, task), lambda: self.post(Started(job, number)), on_ended)
