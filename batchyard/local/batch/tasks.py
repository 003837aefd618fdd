"""The containers of a job, whichever form its definition has: those that a definition may name, and overrides.

Source: AWS Batch API Reference, EcsProperties, EcsTaskProperties, TaskContainerProperties, TaskContainerDependency,
ContainerOverrides, EcsPropertiesOverride; User Guide, "Create job definitions using EcsProperties".
"""

import re
from collections.abc import Iterator, Mapping

from batchyard.local.batch.containers import check_container, merged, with_lists
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document

SINGLE, SEVERAL = FORMS = ("containerProperties", "ecsProperties")
#: The container of a job that has only one, in log streams and where none is named.
ONLY = "default"
MOST_CONTAINERS = 10
#: Seconds.
LEAST_TIMEOUT = 2
CONDITIONS = ("START", "COMPLETE", "SUCCESS")
#: What a container of a job with several has besides, and gets here in one that is alone.
OF_SEVERAL = ("name", "essential", "dependsOn")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def described(form: str, properties: Document) -> Document:
    """Properties as Batch describes them, with what it adds. Refuses those that no job could be made of."""
    if form == SINGLE:
        check_container(properties, "Container properties")
        return with_lists(properties, "volumes")
    tasks = properties["taskProperties"]
    if len(tasks) != 1:
        raise refuse(f"ecsProperties.taskProperties must have one element, but {len(tasks)} were given")
    return {"taskProperties": [_task(tasks[0])]}


def task_of(form: str, properties: Document) -> Document:
    """The ECS task that described properties make: its volumes, and its containers, each with a name."""
    if form == SEVERAL:
        task: Document = properties["taskProperties"][0]
        return task
    container = {"name": ONLY, "essential": True, "dependsOn": [], **properties}
    return {"volumes": properties["volumes"], "containers": [container]}


def only_container(task: Document) -> Document:
    """The container of a job of one, as its definition has it."""
    (container,) = task["containers"]
    return {member: value for member, value in container.items() if member not in OF_SEVERAL}


def overridden(form: str, task: Document, request: Document) -> Document:
    """A task with what a submission changes. Refuses overrides of the other form, and of containers it has not."""
    other = {SINGLE: "ecsPropertiesOverride", SEVERAL: "containerOverrides"}[form]
    if request.get(other):
        raise refuse(f"{other} does not apply to a job definition with {form}")
    overrides = overrides_by_name(request)
    unknown = overrides.keys() - {each["name"] for each in task["containers"]}
    if unknown:
        raise refuse(f"ecsPropertiesOverride: the job definition has no container {', '.join(sorted(unknown))}")
    return {**task, "containers": [merged(each, overrides.get(each["name"], {})) for each in task["containers"]]}


def overrides_by_name(request: Document) -> dict[str, Document]:
    """What a submission changes in which container."""
    if "ecsPropertiesOverride" not in request:
        return {ONLY: request.get("containerOverrides", {})} if request.get("containerOverrides") else {}
    tasks = request["ecsPropertiesOverride"].get("taskProperties", [])
    if len(tasks) > 1:
        raise refuse(f"ecsPropertiesOverride.taskProperties can have one element, but {len(tasks)} were given")
    containers = [each for task in tasks for each in task.get("containers", [])]
    named = {each.get("name", ONLY): each for each in containers}
    if len(named) < len(containers):
        raise refuse("ecsPropertiesOverride can name each container only once")
    return named


def _task(task: Document) -> Document:
    given = task["containers"]
    if not 1 <= len(given) <= MOST_CONTAINERS:
        raise refuse(f"taskProperties.containers can have 1 to {MOST_CONTAINERS} elements, but {len(given)} were given")
    if len(given) == 1:
        given = [{"name": ONLY, **given[0]}]
    for each in given:
        if "name" not in each:
            raise refuse("Each of several containers must have a name")
        if not _NAME.fullmatch(each["name"]):
            raise refuse(f"Container name {each['name']!r} must be 1 to 255 letters, numbers, hyphens and underscores")
        check_container(each, f"Container {each['name']}")
        for timeout in ("startTimeout", "stopTimeout"):
            if each.get(timeout, LEAST_TIMEOUT) < LEAST_TIMEOUT:
                raise refuse(f"Container {each['name']}: {timeout} must be at least {LEAST_TIMEOUT}")
    containers = {each["name"]: {"essential": True, "dependsOn": [], **with_lists(each)} for each in given}
    if len(containers) < len(given):
        raise refuse("The names of containers must be unique")
    if not any(each["essential"] for each in containers.values()):
        raise refuse("At least one container must be essential")
    _check_dependencies(containers)
    return {"volumes": [], **task, "containers": list(containers.values())}


def _check_dependencies(containers: Mapping[str, Document]) -> None:
    for name, container in containers.items():
        for dependency in container["dependsOn"]:
            other, condition = dependency.get("containerName"), dependency.get("condition")
            if other not in containers or other == name:
                raise refuse(f"Container {name} depends on {other!r}, which is no other container of the task")
            if condition not in CONDITIONS:
                raise refuse(f"Container {name}: the condition {condition!r} is none of {', '.join(CONDITIONS)}")
            if condition != "START" and containers[other]["essential"]:
                raise refuse(f"Container {name}: {condition} can't be set on the essential container {other}")
    waiting = dict(containers)
    while waiting:
        free = [name for name, each in waiting.items() if not any(other in waiting for other in _awaited(each))]
        if not free:
            raise refuse(f"The dependencies of the containers {', '.join(waiting)} have a cycle")
        for name in free:
            del waiting[name]


def _awaited(container: Document) -> Iterator[str]:
    return (each["containerName"] for each in container["dependsOn"])
