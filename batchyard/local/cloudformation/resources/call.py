"""What a resource handler is given: clients of its region, names, and the identity of its resource."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources.shapes import shaped
from batchyard.local.cloudformation.responses import Responses

#: Any boto3 client: which one a handler gets depends on the service's name.
Client = Any

_ALPHABET = string.ascii_uppercase + string.digits
_STABILISATION_SECONDS = 120.0
_STABILISATION_PAUSE = 0.05


@dataclass
class Call:
    """One resource's view of the account during one operation."""

    clients: Callable[[str, str], Client]
    responses: Responses
    properties_of: Callable[[str], Mapping[str, Any] | None]
    """The properties of a resource of any stack of the region, by its physical id."""
    next_number: Callable[[str], int]
    """Counts up from 1, for each name that it is given."""
    region: str
    stack_name: str
    stack_id: str
    logical_id: str
    type_name: str
    claimed: str | None = None
    answered: Mapping[str, Any] = field(default_factory=dict)
    """What the function behind a custom resource answered: its attributes."""

    def client(self, service: str) -> Client:
        """The boto3 client of a service in the stack's region."""
        return self.clients(service, self.region)

    def claim(self, physical_id: str) -> str:
        """Tell the engine that this exists now, so that a later failure of the same creation deletes it."""
        self.claimed = physical_id
        return physical_id

    def invoke(self, service: str, operation: str, properties: Mapping[str, Any]) -> Any:
        """Call an operation with arguments spelled as in a template.

        Raises a ResourceError for an argument that the operation does not have, and for a refused call.
        """
        client = self.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        arguments = shaped(shape, properties, self.logical_id)
        return getattr(client, xform_name(operation))(**arguments)

    def generated_name(self, limit: int = 255, *, lower: bool = False) -> str:
        """A physical name in CloudFormation's form, `stack-logicalid-RANDOM`, cut to `limit` characters.

        Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
        """
        suffix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        room = limit - len(suffix) - 2
        stack, logical_id = self.stack_name, self.logical_id
        if len(stack) + len(logical_id) > room:
            half = room // 2
            stack = stack[: max(half, room - len(logical_id))]
            logical_id = logical_id[: room - len(stack)]
        name = f"{stack}-{logical_id}-{suffix}"
        return name.lower() if lower else name

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Poll until `done`; a ResourceError after two minutes."""
        deadline = time.monotonic() + _STABILISATION_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise ResourceError(f"{what} did not stabilise within {_STABILISATION_SECONDS:.0f} seconds")
            time.sleep(_STABILISATION_PAUSE)


def explained(error: Exception) -> str:
    """A failed call as a status reason, in the form of CloudFormation's resource handlers."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        if status >= 500:
            return (
                f'Resource handler returned message: "The local account does not implement {error.operation_name}, or '
                f'failed at it (Status Code: {status}); its log says more"'
            )
        return (
            f'Resource handler returned message: "{answer.get("Message", "")} (Operation: {error.operation_name}, '
            f'Status Code: {status}, Error Code: {answer.get("Code", "")})"'
        )
    if isinstance(error, (ResourceError, BotoCoreError)):
        return f'Resource handler returned message: "{error}"'
    return f'Resource handler returned message: "Internal failure: {type(error).__name__}: {error}"'


def is_missing(error: ClientError) -> bool:
    """Whether the service says that the thing is not there: then there is nothing left to delete."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return "NotFound" in code or code.startswith("NoSuch") or code in ("404", "ResourceNotFoundException")
