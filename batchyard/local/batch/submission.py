"""SubmitJob: the job definition, the overrides, and what comes out of both.

Source: AWS Batch API Reference, SubmitJob and ContainerOverrides; User Guide, "Array jobs", "Job dependencies",
and the service quotas (array size, dependencies, size of overrides and of the whole request).
"""

import json
import re
import uuid
from dataclasses import replace

from batchyard.local.batch import consumable_resources, containers, job_definitions, tasks
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import check_range, check_tags
from batchyard.local.batch.service import Service
from batchyard.local.batch.store import JobRecord, Region, Submission
from batchyard.local.scheduler.events import Submitted
from batchyard.local.scheduler.model import ExitRule, JobSpec, Retry

MAXIMUM_DEPENDENCIES = 20
MAXIMUM_OVERRIDES = 8192
MAXIMUM_PAYLOAD = 30 * 1024
_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}\*?")
_UNRUNNABLE = {
    "nodeProperties": "multi-node parallel jobs",
    "eksProperties": "jobs on Amazon EKS",
}
_UNSUPPORTED_OVERRIDES = ("nodeOverrides", "eksPropertiesOverride")
#: What of a request ECS is given as overrides, in either form.
_OVERRIDES = ("containerOverrides", "ecsPropertiesOverride")


def submit(service: Service, region: str, request: Document) -> Document:
    """SubmitJob: one job, or an array and its children."""
    known = service.store.region(region)
    _check_request(request)
    queue = known.queue(request["jobQueue"])
    if queue["state"] != "ENABLED":
        raise refuse(f"JobQueue {queue['jobQueueName']} is DISABLED: it takes no jobs")
    definition = job_definitions.find(known, request["jobDefinition"])
    _check_runnable(definition, request)
    _check_share(queue, request)
    submission = _submission(region, request, queue, definition)
    records = _records(submission)
    specs = _specs(known, submission, request.get("dependsOn", []))
    for record in records:
        known.jobs[record.job_id] = record
    known.queue_jobs[submission.queue_arn].append(submission.job_id)
    known.job_tags[submission.job_id] = request.get("tags", {})
    service.engine.submit(records, Submitted(specs))
    return {"jobArn": submission.arn, "jobName": submission.job_name, "jobId": submission.job_id}


def _check_request(request: Document) -> None:
    if not _JOB_NAME.fullmatch(request["jobName"]):
        raise refuse(
            f"Job name {request['jobName']!r} should match valid pattern: up to 128 letters, numbers, hyphens (-) "
            "and underscores (_), the first one a letter or a number"
        )
    check_tags(request.get("tags", {}))
    job_definitions.check_retry(request.get("retryStrategy"))
    job_definitions.check_timeout(request.get("timeout"))
    check_range("arrayProperties.size", request.get("arrayProperties", {}).get("size"), 2, 10_000)
    check_range("schedulingPriorityOverride", request.get("schedulingPriorityOverride"), 0, 9999)
    dependencies = request.get("dependsOn", [])
    if len(dependencies) > MAXIMUM_DEPENDENCIES:
        raise refuse(f"A job can depend on at most {MAXIMUM_DEPENDENCIES} jobs, but {len(dependencies)} were given")
    consumable_resources.check_needs(request.get("consumableResourcePropertiesOverride", {}))
    for overrides in tasks.overrides_by_name(request).values():
        containers.check_environment(overrides.get("environment", ()))
        containers.check_requirements(overrides.get("resourceRequirements", ()))
    given = [request[member] for member in _OVERRIDES if member in request]
    size = max((len(json.dumps(each, separators=(",", ":"), ensure_ascii=False)) for each in given), default=0)
    if size > MAXIMUM_OVERRIDES:
        raise refuse(f"Container Overrides length must be at most {MAXIMUM_OVERRIDES}, but was {size}")
    payload = len(json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode())
    if payload > MAXIMUM_PAYLOAD:
        raise refuse(f"A job's payload must be at most {MAXIMUM_PAYLOAD} bytes, but was {payload}")


def _check_runnable(definition: Document, request: Document) -> None:
    for member, words in _UNRUNNABLE.items():
        if member in definition:
            raise refuse(
                f"The local account does not run {words}, and {definition['jobDefinitionArn']} describes one. "
                "It is registered, and runs on AWS"
            )
    for member in _UNSUPPORTED_OVERRIDES:
        if request.get(member):
            raise refuse(f"{member} does not apply to {definition['jobDefinitionArn']}")


def _check_share(queue: Document, request: Document) -> None:
    """A fair-share queue needs a share identifier, and no other queue takes one."""
    share, name = request.get("shareIdentifier"), queue["jobQueueName"]
    if "schedulingPolicyArn" not in queue:
        if share is not None:
            raise refuse(f"shareIdentifier must not be specified: the job queue {name} has no scheduling policy")
    elif share is None:
        raise refuse(f"shareIdentifier must be specified: the job queue {name} has a scheduling policy")
    elif not _SHARE.fullmatch(share):
        raise refuse(f"shareIdentifier {share!r} must be 1 to 255 letters and digits, which * may follow")


def _submission(region: str, request: Document, queue: Document, definition: Document) -> Submission:
    form = next(form for form in tasks.FORMS if form in definition)
    retry = request.get("retryStrategy") or definition.get("retryStrategy") or {}
    optional = {
        "timeout": request.get("timeout") or definition.get("timeout"),
        "platformCapabilities": definition.get("platformCapabilities"),
        "shareIdentifier": request.get("shareIdentifier"),
        "schedulingPriority": request.get("schedulingPriorityOverride", definition.get("schedulingPriority")),
        "consumableResourceProperties": request.get("consumableResourcePropertiesOverride")
        or definition.get("consumableResourceProperties"),
    }
    return Submission(
        region=region,
        job_id=str(uuid.uuid4()),
        job_name=request["jobName"],
        queue_arn=queue["jobQueueArn"],
        queue_name=queue["jobQueueName"],
        definition_arn=definition["jobDefinitionArn"],
        definition_name=definition["jobDefinitionName"],
        form=form,
        task=tasks.overridden(form, tasks.task_of(form, definition[form]), request),
        parameters={**definition["parameters"], **request.get("parameters", {})},
        detail={
            "retryStrategy": {"attempts": 1, "evaluateOnExit": [], **retry},
            "dependsOn": request.get("dependsOn", []),
            "propagateTags": request.get("propagateTags", definition.get("propagateTags", False)),
            **{member: value for member, value in optional.items() if value is not None},
        },
        array_size=request.get("arrayProperties", {}).get("size"),
    )


def _records(submission: Submission) -> list[JobRecord]:
    children = range(submission.array_size or 0)
    return [JobRecord(submission), *(JobRecord(submission, index) for index in children)]


def _specs(known: Region, submission: Submission, dependencies: list[Document]) -> tuple[JobSpec, ...]:
    """The jobs as the scheduler sees them: the job itself, and an array's children after their parent."""
    size = submission.array_size
    plain = tuple(_plain(known, one, size) for one in dependencies if "type" not in one)
    sequential = any(one.get("type") == "SEQUENTIAL" for one in dependencies)
    pairwise = [_pairwise(known, one, size) for one in dependencies if one.get("type") == "N_TO_N"]
    if sequential and size is None:
        raise refuse("A SEQUENTIAL dependency is allowed for array jobs only")
    timeout = submission.detail.get("timeout", {}).get("attemptDurationSeconds")
    vcpus = sum(float(containers.requirement(each, "VCPU", "vcpus")) for each in submission.task["containers"])
    share = submission.detail.get("shareIdentifier", "")
    common = JobSpec(
        key=submission.job_id,
        queue=submission.queue_arn,
        vcpus=vcpus,
        dependencies=plain,
        retry=_retry(submission.detail["retryStrategy"]),
        timeout=timeout,
        share=share,
        # Without fair share the order of submission alone counts.
        priority=submission.detail.get("schedulingPriority", 0) if share else 0,
        consumes=consumable_resources.needed(known, submission.detail.get("consumableResourceProperties", {})),
    )
    if size is None:
        return (common,)
    keys = tuple(f"{submission.job_id}:{index}" for index in range(size))
    children = (
        replace(
            common,
            key=key,
            dependencies=(
                *plain,
                *(f"{other}:{index}" for other in pairwise),
                *((keys[index - 1],) if sequential and index else ()),
            ),
            parent=common.key,
        )
        for index, key in enumerate(keys)
    )
    return (JobSpec(key=common.key, queue=common.queue, children=keys), *children)


def _plain(known: Region, dependency: Document, size: int | None) -> str:
    if "jobId" not in dependency:
        raise refuse("dependsOn needs a jobId, or the type SEQUENTIAL for an array job")
    return known.job(dependency["jobId"]).job_id


def _pairwise(known: Region, dependency: Document, size: int | None) -> str:
    other = known.job(dependency.get("jobId", ""))
    if size is None or other.index is not None or other.submission.array_size != size:
        theirs = other.submission.array_size
        raise refuse(f"An N_TO_N dependency needs two array jobs of the same size, but they are {size} and {theirs}")
    return other.job_id


def _retry(retry: Document) -> Retry:
    return Retry(
        attempts=retry["attempts"],
        rules=tuple(
            ExitRule(
                action=rule["action"],
                on_exit_code=rule.get("onExitCode"),
                on_reason=rule.get("onReason"),
                on_status_reason=rule.get("onStatusReason"),
            )
            for rule in retry["evaluateOnExit"]
        ),
    )
