"""Custom resources: a function of the account makes, changes and deletes them.

CloudFormation invokes the function that `ServiceToken` names, and waits for what it PUTs to the event's ResponseURL.
Here the function's end is seen too: one that fails before it has answered fails the resource at once, in its own
words. AWS waits for `ServiceTimeout`, an hour by default, and then says that nothing came.

Source: AWS CloudFormation User Guide, "Custom resource request objects", "Custom resource response objects", and
"Replacing a custom resource during an update".
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from queue import Empty
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.intrinsics import text
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, Property, ResourceType
from batchyard.local.cloudformation.responses import Answer, Awaited

PREFIX = "Custom::"
_LONGEST_SECONDS = 3600
_MEMBERS_ALIKE = ("StackId", "RequestId", "LogicalResourceId")


def _texts(value: Any) -> Any:
    """As functions get properties: numbers and truth values are text."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return text(value)


def _seconds(properties: Properties) -> int:
    given = properties.get("ServiceTimeout", _LONGEST_SECONDS)
    try:
        seconds = int(given)
    except (TypeError, ValueError):
        seconds = 0
    if not 1 <= seconds <= _LONGEST_SECONDS:
        raise ResourceError(f"ServiceTimeout must be from 1 to {_LONGEST_SECONDS} seconds, got {given!r}")
    return seconds


def _ask(call: Call, kind: str, physical_id: str | None, properties: Properties, old: Properties | None = None) -> str:
    """Have the function do it; returns the physical id that it answers, and keeps its data for the attributes."""
    token = str(properties["ServiceToken"])
    if ":function:" not in token:
        raise ResourceError(
            f"The local account asks Lambda functions only; the ServiceToken of {call.logical_id} is {token}"
        )
    seconds = _seconds(properties)
    event = {
        "RequestType": kind,
        "ServiceToken": token,
        "StackId": call.stack_id,
        "RequestId": str(uuid.uuid4()),
        "LogicalResourceId": call.logical_id,
        "ResourceType": call.type_name,
        "ResourceProperties": _texts(properties),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old is not None:
        event["OldResourceProperties"] = _texts(old)
    with call.responses.await_one() as awaited:
        event["ResponseURL"] = call.client("lambda").meta.endpoint_url + awaited.path
        threading.Thread(target=_invoke, args=(call, event, awaited), daemon=True).start()
        try:
            answer = awaited.arrived.get(timeout=seconds)
        except Empty:
            raise ResourceError(
                f"CloudFormation did not receive a response from your Custom Resource within {seconds} seconds. "
                f"Please check your logs for requestId [{event['RequestId']}]."
            ) from None
    if isinstance(answer, Exception):
        raise ResourceError(str(answer)) from answer
    return _accept(call, event, answer)


def _invoke(call: Call, event: dict[str, Any], awaited: Awaited) -> None:
    """Run the function to its end, and tell if it ended badly. An answer that came before that counts."""
    try:
        ended = call.client("lambda").invoke(
            FunctionName=event["ServiceToken"], Payload=json.dumps(event), LogType="Tail"
        )
    except (BotoCoreError, ClientError) as error:
        awaited.arrived.put(error)
        return
    if "FunctionError" not in ended:
        return  # What it has started, a job for example, may answer later.
    told = json.load(ended["Payload"])
    output = base64.b64decode(ended.get("LogResult", "")).decode(errors="replace").strip()
    reason = f"The function failed: {told.get('errorType')}: {told.get('errorMessage')}"
    awaited.arrived.put(ResourceError(f"{reason}. Its output ends with: {output}" if output else reason))


def _accept(call: Call, event: dict[str, Any], answer: Answer) -> str:
    """The physical id of an answer. Raises a ResourceError for one that says FAILED, or that is not valid."""
    status, physical_id = answer.get("Status"), answer.get("PhysicalResourceId")
    wrong = [name for name in _MEMBERS_ALIKE if answer.get(name) != event[name]]
    if wrong:
        raise ResourceError(f"Invalid Response object: {', '.join(wrong)} must be the request's")
    if isinstance(physical_id, str) and physical_id and event["RequestType"] == "Create":
        call.claim(physical_id)
    if status == "FAILED":
        raise ResourceError(
            f"Received response status [FAILED] from custom resource. Message returned: {answer.get('Reason', '')} "
            f"(RequestId: {event['RequestId']})"
        )
    if status != "SUCCESS":
        raise ResourceError(f"Invalid Response object: Status must be SUCCESS or FAILED, got {status!r}")
    if not isinstance(physical_id, str) or not physical_id:
        raise ResourceError(f"Invalid PhysicalResourceId: {physical_id!r}")
    data = answer.get("Data") or {}
    if not isinstance(data, dict):
        raise ResourceError(f"Invalid Response object: Data must be an object, got {data!r}")
    call.answered = data
    return physical_id


def _create(call: Call, properties: Properties) -> str:
    # As in AWS: whatever becomes of the function, a rollback asks it to delete something of this name.
    call.claim(call.generated_name())
    return _ask(call, "Create", None, properties)


def _update(call: Call, physical_id: str, old: Properties, new: Properties) -> str:
    if old["ServiceToken"] != new["ServiceToken"]:
        raise ResourceError("Modifying service token is not allowed.")
    return _ask(call, "Update", physical_id, new, old)


def _delete(call: Call, physical_id: str, properties: Properties) -> None:
    _ask(call, "Delete", physical_id, properties)


def custom_type(name: str) -> ResourceType:
    """The type of this name; what its properties mean is the function's business."""
    return ResourceType(
        name,
        properties={"ServiceToken": Property("Invoke"), "ServiceTimeout": Property("CloudFormation itself")},
        create=_create,
        update=_update,
        delete=_delete,
        attributes=lambda call, _physical_id, _properties: dict(call.answered),
        provided=True,
        required=frozenset({"ServiceToken"}),
    )


TYPES = (custom_type("AWS::CloudFormation::CustomResource"),)
