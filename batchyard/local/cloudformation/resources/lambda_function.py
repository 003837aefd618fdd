"""AWS::Lambda: functions and permissions to invoke them.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates, records

_CONFIGURATION = ("Description", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout")
#: What UpdateFunctionConfiguration is given for a property that is gone.
_ABSENT: dict[str, Any] = {"Description": "", "Environment": {"Variables": {}}, "MemorySize": 128, "Timeout": 3}
_SUFFIXES = {"python": "py", "nodejs": "js"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def _code(call: Call, properties: Properties) -> dict[str, Any]:
    """The code as the API takes it. Inline code is a file `index`, in an archive that depends on nothing else."""
    code = properties["Code"]
    if "ZipFile" not in code:
        return dict(code)
    runtime = str(properties.get("Runtime", ""))
    suffix = next((suffix for name, suffix in _SUFFIXES.items() if runtime.startswith(name)), None)
    if suffix is None:
        raise ResourceError(
            f"Inline code of {call.logical_id} needs a runtime of {' or '.join(_SUFFIXES)}, got {runtime!r}"
        )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"index.{suffix}", _EPOCH), code["ZipFile"])
    return {**code, "ZipFile": held.getvalue()}


def _configuration(properties: Properties) -> dict[str, Any]:
    given = {name: properties[name] for name in _CONFIGURATION if name in properties}
    if "Environment" in properties:
        given["Environment"] = properties["Environment"]
    return given


def _create(call: Call, properties: Properties) -> str:
    name = properties.get("FunctionName") or call.generated_name(64)
    given = {**_configuration(properties), "Architectures": properties.get("Architectures", ["x86_64"])}
    given |= {"FunctionName": name, "Tags": tags.as_map(properties.get("Tags"))}
    made = call.invoke("lambda", "CreateFunction", {**given, "Code": _code(call, properties)})
    return call.claim(str(made["FunctionName"]))


def _update(call: Call, name: str, old: Properties, new: Properties) -> None:
    if (old["Code"], old.get("Runtime")) != (new["Code"], new.get("Runtime")):
        call.invoke("lambda", "UpdateFunctionCode", {**_code(call, new), "FunctionName": name})
    before, after = _configuration(old), _configuration(new)
    changed = {key: after.get(key, _ABSENT.get(key)) for key in {*before, *after} if before.get(key) != after.get(key)}
    if stuck := sorted(key for key, value in changed.items() if value is None):
        raise ResourceError(f"{', '.join(stuck)} cannot be taken away from a function")
    if changed:
        call.invoke("lambda", "UpdateFunctionConfiguration", {**changed, "FunctionName": name})
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    arn = _attributes(call, name, new)["Arn"]
    if removed:
        call.client("lambda").untag_resource(Resource=arn, TagKeys=removed)
    if added:
        call.client("lambda").tag_resource(Resource=arn, Tags=added)


def _attributes(call: Call, name: str, _properties: Properties) -> dict[str, Any]:
    return {"Arn": call.client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"]}


FUNCTION = ResourceType(
    "AWS::Lambda::Function",
    properties=creates("CreateFunction", "FunctionName")
    | records("a function runs on this machine, whatever its architecture", "Architectures")
    | records("a function's folder is this machine's disk", "EphemeralStorage")
    | records("nothing limits how many invocations run at once", "ReservedConcurrentExecutions")
    | applies("UpdateFunctionConfiguration", *_CONFIGURATION, "Environment")
    | applies("UpdateFunctionCode", "Code")
    | applies("TagResource", "Tags"),
    create=_create,
    update=_update,
    delete=lambda call, name, _properties: call.client("lambda").delete_function(FunctionName=name),
    attributes=_attributes,
    named_by="FunctionName",
    tags="list",
    required=frozenset({"Code", "Role"}),
)


def _permit(call: Call, properties: Properties) -> str:
    statement = call.generated_name(100)
    call.invoke("lambda", "AddPermission", {**properties, "StatementId": statement})
    return call.claim(statement)


PERMISSION = ResourceType(
    "AWS::Lambda::Permission",
    properties=creates(
        "AddPermission",
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    ),
    create=_permit,
    delete=lambda call, statement, properties: call.client("lambda").remove_permission(
        FunctionName=properties["FunctionName"], StatementId=statement
    ),
    inert="permissions are held and shown, but not enforced here",
    required=frozenset({"Action", "FunctionName", "Principal"}),
)

TYPES = (FUNCTION, PERMISSION)
