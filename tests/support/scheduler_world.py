"""A world round the scheduler's pure core: it ends attempts in virtual time and notes everything that was decided."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from batchyard.local.scheduler import core
from batchyard.local.scheduler.events import (
    Decision,
    Ended,
    EnvironmentPut,
    Event,
    QueuePut,
    StartAttempt,
    Started,
    StopAttempt,
    Submitted,
    TimePassed,
)
from batchyard.local.scheduler.model import Environment, Job, JobSpec, Outcome, Queue, Status
from batchyard.local.scheduler.state import State

EXITED = "Essential container in task exited"


@dataclass(frozen=True)
class Plan:
    """How long each attempt of a job takes, in seconds, and the exit codes of its attempts (then 0)."""

    seconds: float = 1.0
    exit_codes: tuple[int, ...] = ()

    def exit_code(self, attempt: int) -> int:
        """The exit code of an attempt, counted from 1."""
        return self.exit_codes[attempt - 1] if attempt <= len(self.exit_codes) else 0


@dataclass
class World:
    """The core's state, the attempts that run, and the history of starts."""

    host_limit: int
    environments: list[Environment]
    queues: list[Queue]
    plans: dict[str, Plan] = field(default_factory=dict)
    now: float = 0.0
    starts: list[tuple[float, str, int, str]] = field(default_factory=list)
    """(time, job, attempt, environment), in the order of the decisions."""
    decisions: list[Decision] = field(default_factory=list)
    due: list[tuple[float, int, str, int]] = field(default_factory=list)
    stops: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = State(host_limit=self.host_limit)
        for environment in self.environments:
            self.do(EnvironmentPut(environment))
        for queue in self.queues:
            self.do(QueuePut(queue))

    def do(self, event: Event) -> list[Decision]:
        """One step of the core; its attempts start at once."""
        decided = core.step(self.state, event, self.now)
        self.decisions += decided
        for decision in decided:
            match decision:
                case StartAttempt(job, attempt, environment):
                    self.starts.append((self.now, job, attempt, environment))
                    plan = self.plans.get(job, Plan())
                    heapq.heappush(self.due, (self.now + plan.seconds, len(self.starts), job, attempt))
                case StopAttempt(job, attempt):
                    self.stops.append((job, attempt))
        self.check()
        for decision in decided:
            if isinstance(decision, StartAttempt):
                self.do(Started(decision.job, decision.attempt))
        return decided

    def submit(self, *specs: JobSpec) -> None:
        """Submit jobs together."""
        self.do(Submitted(specs))

    def advance(self) -> bool:
        """Let the next thing happen that time brings; False if there is none."""
        deadline = core.next_deadline(self.state)
        if self.due and (deadline is None or self.due[0][0] <= deadline):
            when, _, job, attempt = heapq.heappop(self.due)
            self.now = max(self.now, when)
            code = 143 if (job, attempt) in self.stops else self.plans.get(job, Plan()).exit_code(attempt)
            self.do(Ended(job, attempt, Outcome(EXITED, code)))
            return True
        if deadline is None:
            return False
        self.now = max(self.now, deadline)
        for decision in self.do(TimePassed()):
            if isinstance(decision, StopAttempt):
                # A stopped job ends at once.
                self.due = [one for one in self.due if one[2:] != (decision.job, decision.attempt)]
                heapq.heapify(self.due)
                heapq.heappush(self.due, (self.now, 0, decision.job, decision.attempt))
        return True

    def run(self) -> None:
        """Let time pass until nothing happens any more."""
        while self.advance():
            pass

    def job(self, key: str) -> Job:
        """A job as it is now."""
        return self.state.jobs[key]

    def started(self) -> list[str]:
        """The jobs of all attempts, in the order in which they started."""
        return [job for _, job, _, _ in self.starts]

    def check(self) -> None:
        """What holds after every step."""
        placed = [job for job in self.state.jobs.values() if job.status.is_placed]
        assert len(placed) <= self.host_limit
        for environment in self.state.environments.values():
            mine = [job for job in placed if job.current and job.current.environment == environment.key]
            assert sum(job.spec.vcpus for job in mine) <= environment.max_vcpus
        for job in placed:
            assert all(self.state.jobs[key].status is Status.SUCCEEDED for key in job.spec.dependencies)
