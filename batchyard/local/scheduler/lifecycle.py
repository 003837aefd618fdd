"""The states of a job, and what moves it from one to the next.

Source: AWS Batch User Guide, "Job states", "Job dependencies", "Array jobs", "Automated job retries"; API
Reference, CancelJob and TerminateJob.
"""

from collections import deque
from dataclasses import replace

from batchyard.local.scheduler import fair_share
from batchyard.local.scheduler.events import Decision, StopAttempt
from batchyard.local.scheduler.model import Attempt, Job, JobSpec, Outcome, Status, Stop
from batchyard.local.scheduler.placement import release
from batchyard.local.scheduler.retry import is_retried
from batchyard.local.scheduler.state import State

DEPENDENCY_FAILED = "Dependent Job failed"
CHILD_FAILED = "Array Child Job failed"
TIMED_OUT = "Job attempt duration exceeded timeout"


def submit(state: State, spec: JobSpec, now: float) -> None:
    """Take a job in: it waits for its dependencies, or for its children, or is runnable at once."""
    job = Job(spec=spec, order=state.submitted, created_at=now, status=Status.PENDING)
    state.submitted += 1
    state.jobs[spec.key] = job
    if spec.children:
        state.open_children[spec.key] = len(spec.children)
        return
    fair_share.note(state, spec, now, jobs=1)
    statuses = {key: state.jobs[key].status for key in spec.dependencies}
    if Status.FAILED in statuses.values():
        _finish(state, job, Status.FAILED, DEPENDENCY_FAILED, now)
        return
    open_dependencies = {key for key, status in statuses.items() if status is not Status.SUCCEEDED}
    if not open_dependencies:
        _make_runnable(state, job, now)
        return
    state.waiting[spec.key] = open_dependencies
    # In the order of submission: a set's own order differs from run to run.
    for key in dict.fromkeys(spec.dependencies):
        if key in open_dependencies:
            state.dependents[key].append(spec.key)


def start(state: State, key: str, number: int, now: float) -> None:
    """The attempt runs: its timeout counts from now."""
    job = state.jobs[key]
    if job.current is None or job.current.number != number or job.status is not Status.STARTING:
        return
    state.jobs[key] = replace(job, status=Status.RUNNING, started_at=now, current=replace(job.current, started_at=now))


def end(state: State, key: str, number: int, outcome: Outcome, now: float) -> None:
    """The attempt is over: the job succeeds, is tried again, or fails."""
    job = state.jobs[key]
    if job.current is None or job.current.number != number:
        return
    release(state, job, job.current.environment, now)
    if job.stop is Stop.TIMED_OUT:
        outcome = replace(outcome, status_reason=TIMED_OUT)
    elif job.stop is Stop.TERMINATED:
        outcome = replace(outcome, status_reason=job.status_reason or "")
    ended = _ended(job, job.current, outcome, now)
    if outcome.is_success and job.stop is None:
        _finish(state, ended, Status.SUCCEEDED, outcome.status_reason, now)
    elif job.stop is None and is_retried(job.spec.retry, len(ended.attempts), outcome):
        _make_runnable(state, replace(ended, status_reason=outcome.status_reason), now)
    else:
        _finish(state, ended, Status.FAILED, outcome.status_reason, now)


def _ended(job: Job, attempt: Attempt, outcome: Outcome, now: float) -> Job:
    """The job with its current attempt moved to the ended ones."""
    done = replace(attempt, stopped_at=now, outcome=outcome)
    return replace(job, current=None, attempts=(*job.attempts, done))


def cancel(state: State, key: str, reason: str, now: float) -> None:
    """End a job that has not been placed; a placed one runs on. An array's children are cancelled with it."""
    job = state.jobs[key]
    if job.status.is_terminal:
        return
    job = state.jobs[key] = replace(job, is_cancelled=True)
    for child in job.spec.children:
        cancel(state, child, reason, now)
    if not job.spec.children and not job.status.is_placed:
        _end_waiting(state, job, reason, now)


def terminate(state: State, key: str, reason: str, now: float) -> list[Decision]:
    """End a job wherever it is; stop it if it has been placed. An array's children end with it."""
    decisions = [
        decision for child in state.jobs[key].spec.children for decision in terminate(state, child, reason, now)
    ]
    job = state.jobs[key]
    if job.status.is_terminal:
        return decisions
    job = state.jobs[key] = replace(job, is_terminated=True)
    if job.current is not None:
        decisions += stop(state, job, Stop.TERMINATED, reason)
    elif not job.spec.children:
        _end_waiting(state, job, reason, now)
    return decisions


def stop(state: State, job: Job, why: Stop, reason: str) -> list[Decision]:
    """Decide to stop a placed job, once."""
    if job.current is None or job.stop is not None:
        return []
    state.jobs[job.key] = replace(job, stop=why, status_reason=reason)
    return [StopAttempt(job.key, job.current.number)]


def remove_queue(state: State, key: str, reason: str, now: float) -> list[Decision]:
    """Forget a queue and terminate its jobs."""
    decisions: list[Decision] = []
    for job in list(state.jobs.values()):
        if job.spec.queue == key and job.spec.parent is None:
            decisions += terminate(state, job.key, reason, now)
    state.queues.pop(key, None)
    state.runnable.pop(key, None)
    state.uses.pop(key, None)
    state.head_since.pop(key, None)
    return decisions


def _make_runnable(state: State, job: Job, now: float) -> None:
    job = replace(job, status=Status.RUNNABLE, runnable_since=now)
    state.jobs[job.key] = job
    state.enqueue(job)


def _end_waiting(state: State, job: Job, reason: str, now: float) -> None:
    if job.status is Status.RUNNABLE:
        state.dequeue(job)
    _finish(state, job, Status.FAILED, reason, now)


def _finish(state: State, job: Job, status: Status, reason: str | None, now: float) -> None:
    """End a job, and everything that ends or goes on because of it, without recursion: chains can be long."""
    to_end = deque([(job, status, reason)])
    while to_end:
        job, status, reason = to_end.popleft()
        if state.jobs[job.key].status.is_terminal:
            continue
        state.jobs[job.key] = replace(job, status=status, status_reason=reason, stopped_at=now, runnable_since=None)
        state.waiting.pop(job.key, None)
        if not job.spec.children:
            fair_share.note(state, job.spec, now, jobs=-1)
        to_end += _parent_of(state, job)
        for key in state.dependents.pop(job.key, ()):
            dependent = state.jobs[key]
            if dependent.status.is_terminal:
                continue
            if status is Status.FAILED:
                to_end.append((dependent, Status.FAILED, DEPENDENCY_FAILED))
                continue
            still_open = state.waiting[key]
            still_open.discard(job.key)
            if not still_open:
                del state.waiting[key]
                _make_runnable(state, dependent, now)


def _parent_of(state: State, child: Job) -> list[tuple[Job, Status, str | None]]:
    """The array's parent, if this child was the last to end."""
    key = child.spec.parent
    if key is None:
        return []
    state.open_children[key] -= 1
    if state.open_children[key]:
        return []
    del state.open_children[key]
    parent = state.jobs[key]
    if any(state.jobs[sibling].status is Status.FAILED for sibling in parent.spec.children):
        return [(parent, Status.FAILED, CHILD_FAILED)]
    return [(parent, Status.SUCCEEDED, None)]
