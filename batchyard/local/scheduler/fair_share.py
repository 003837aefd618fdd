"""What the shares of a fair-share queue use, and how much of a queue they may use together.

Source: AWS Batch User Guide, "Fair-share scheduling" (share decay, weight, compute reservation, active shares); API
Reference, FairsharePolicy and ShareAttributes. AWS does not publish its formula. Here a share's load is the vCPUs that
it holds now plus the vCPUs that it held on average, where the past fades with the policy's window, times its weight.
"""

import math
from dataclasses import replace

from batchyard.local.scheduler.model import FairShare, JobSpec, Queue
from batchyard.local.scheduler.state import ShareUse, State


def note(state: State, spec: JobSpec, now: float, *, held: float = 0.0, jobs: int = 0) -> None:
    """Note that a job's share holds so many vCPUs more, or has so many jobs more that have not ended."""
    queue = state.queues.get(spec.queue)
    if queue is None or queue.fair_share is None:
        return
    uses = state.uses[spec.queue]
    use = faded(uses.get(spec.share, ShareUse(at=now)), queue.fair_share, now)
    # A queue may have been deleted and made again under jobs that still run: nothing falls below zero.
    uses[spec.share] = replace(use, held=max(0.0, use.held + held), jobs=max(0, use.jobs + jobs))


def faded(use: ShareUse, policy: FairShare, now: float) -> ShareUse:
    """A share's use at a later time: the average moves towards what has been held since."""
    kept = math.exp(-(now - use.at) / policy.window)
    return replace(use, average=use.held + (use.average - use.held) * kept, at=now)


def load(state: State, queue: Queue, share: str, now: float) -> float:
    """vCPUs that a share holds and held, not weighted. 0 in a queue without fair share."""
    use = state.uses[queue.key].get(share)
    if queue.fair_share is None or use is None:
        return 0.0
    return use.held + faded(use, queue.fair_share, now).average


def weight(policy: FairShare | None, share: str) -> float:
    """A share's weight: 1 unless the policy names it, or its beginning."""
    for name, value in policy.weights if policy else ():
        if share == name or (name.endswith("*") and share.startswith(name[:-1])):
            return value
    return 1.0


def has_room(state: State, queue: Queue, vcpus: float, room: float, now: float) -> bool:
    """Whether a job may take so many vCPUs of the queue's `room`, or would touch what is kept for shares to come.

    A job that could never start beside the reservation starts when the queue holds nothing.
    """
    policy = queue.fair_share
    if policy is None or policy.reservation == 0:
        return True
    uses = state.uses[queue.key].values()
    held = sum(use.held for use in uses)
    active = sum(use.jobs > 0 or now - use.at < policy.window for use in uses)
    usable = room * (1.0 - (policy.reservation / 100.0) ** active)
    return held == 0.0 or held + vcpus <= usable
