"""The platform record as SSM would hold it: a template's value, with names as CloudFormation makes them."""

from __future__ import annotations

from typing import Any

from tests.support.synthesis import ACCOUNT, REGION, properties

#: What CloudFormation puts behind a logical id.
RANDOM = "-" + "x" * 16
KINDS = {"JobQueueArn": "job-queue", "ComputeEnvironmentArn": "compute-environment"}


def written_record(made: dict[str, Any]) -> str:
    """The text of the record's parameter in this template."""
    return str(_resolved(made, properties(made, "AWS::SSM::Parameter")["Value"]))


def _resolved(made: dict[str, Any], value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((function, argument),) = value.items()
    match function:
        case "Fn::Join":
            return argument[0].join(_resolved(made, each) for each in argument[1])
        case "Fn::Split":
            return _resolved(made, argument[1]).split(argument[0])
        case "Fn::Select":
            return _resolved(made, argument[1])[int(argument[0])]
        case "Fn::GetAtt":
            return _attribute(*argument)
        case "Ref":
            kind = made["Resources"].get(argument, {}).get("Type")
            is_definition = kind == "AWS::Batch::JobDefinition"
            return _arn("job-definition", f"{argument}{RANDOM}:1") if is_definition else f"{argument}{RANDOM}"
    raise ValueError(f"{function} is not expected in the record")


def _attribute(logical_id: str, attribute: str) -> str:
    if attribute in KINDS:
        return _arn(KINDS[attribute], f"{logical_id}{RANDOM}")
    return f"arn:aws:service:{REGION}:{ACCOUNT}:{logical_id}{RANDOM}"


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:batch:{REGION}:{ACCOUNT}:{kind}/{name}"
