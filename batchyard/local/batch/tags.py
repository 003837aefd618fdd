"""Tags of compute environments, queues, job definitions, scheduling policies, consumable resources and jobs."""

from collections.abc import Callable

from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, check_tags
from batchyard.local.batch.service import Service
from batchyard.local.batch.store import (
    COMPUTE_ENVIRONMENT,
    CONSUMABLE_RESOURCE,
    JOB,
    JOB_DEFINITION,
    JOB_QUEUE,
    SCHEDULING_POLICY,
    Region,
)

Change = Callable[[Document], Document]


def tag(service: Service, region: str, request: Document) -> Document:
    """TagResource: keys that are there already get the new value."""
    _change(service.store.region(region), request["resourceArn"], lambda old: {**old, **request["tags"]})
    return {}


def untag(service: Service, region: str, request: Document) -> Document:
    """UntagResource: keys that are not there are ignored."""
    gone = frozenset(request["tagKeys"])
    _change(
        service.store.region(region),
        request["resourceArn"],
        lambda old: {key: value for key, value in old.items() if key not in gone},
    )
    return {}


def list_all(service: Service, region: str, request: Document) -> Document:
    """ListTagsForResource."""
    return {"tags": _change(service.store.region(region), request["resourceArn"], lambda old: old)}


def _change(known: Region, resource_arn: str, change: Change) -> Document:
    """Change the tags of a resource and return the new ones."""
    kind, _, name = resource_arn.removeprefix(batch_arn(known.name, "", "").rstrip("/")).partition("/")
    tables = {
        COMPUTE_ENVIRONMENT: known.environments,
        JOB_QUEUE: known.queues,
        SCHEDULING_POLICY: known.policies,
        CONSUMABLE_RESOURCE: known.consumables,
    }
    if kind in tables and name in tables[kind]:
        tagged = tables[kind][name] = _tagged(tables[kind][name], change)
        return dict(tagged["tags"])
    if kind == JOB_DEFINITION:
        for revisions in known.definitions.values():
            for position, document in enumerate(revisions):
                if document["jobDefinitionArn"] == resource_arn:
                    tagged = revisions[position] = _tagged(document, change)
                    return dict(tagged["tags"])
    if kind == JOB and name in known.jobs:
        # The children of an array have the tags of their parent.
        job_id = known.jobs[name].submission.job_id
        known.job_tags[job_id] = _tagged({"tags": known.job_tags[job_id]}, change)["tags"]
        return known.job_tags[job_id]
    raise refuse(f"Resource {resource_arn} not found")


def _tagged(document: Document, change: Change) -> Document:
    tags = change(document["tags"])
    check_tags(tags)
    return {**document, "tags": tags}
