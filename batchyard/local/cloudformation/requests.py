"""From a request's arguments to a template and a deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from batchyard.local.cloudformation import template
from batchyard.local.cloudformation.errors import CloudFormationError, ResourceError, validation_error
from batchyard.local.cloudformation.graph import check_references
from batchyard.local.cloudformation.parameters import settle
from batchyard.local.cloudformation.plan import ResourceChange, plan
from batchyard.local.cloudformation.resources.registry import is_known
from batchyard.local.cloudformation.scope import TemplateScope, check_rules
from batchyard.local.cloudformation.stack import Deployment, Stack
from batchyard.local.cloudformation.store import Store
from batchyard.local.cloudformation.template import Template

Arguments = Mapping[str, Any]

#: Arguments that ask for something which the local account would not do.
_NOT_SUPPORTED = (
    "NotificationARNs",
    "RollbackConfiguration",
    "StackPolicyBody",
    "StackPolicyURL",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "TimeoutInMinutes",
)

_NAMED_IAM = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Group": "GroupName",
}


def template_of(store: Store, region: str, given: Arguments) -> Template:
    """The template that a request carries, names by URL, or means by a stack's name."""
    if "TemplateBody" in given:
        return template.parse(given["TemplateBody"])
    if "TemplateURL" in given:
        return template.parse(_download(store, region, given["TemplateURL"]))
    if given.get("StackName"):
        deployment = store.get(given["StackName"], region).deployment
        if deployment is not None:
            return deployment.template
    raise validation_error("Either Template URL or Template Body must be specified.")


def target_of(store: Store, stack: Stack, given: Arguments) -> Deployment:
    """The deployment that a CreateStack, UpdateStack or CreateChangeSet asks for, checked.

    Raises a ValidationError, or InsufficientCapabilitiesException.
    """
    for name in _NOT_SUPPORTED:
        if given.get(name):
            raise validation_error(f"The local account does not support {name} (given for stack {stack.name}).")
    previous = stack.deployment
    if given.get("UsePreviousTemplate"):
        if previous is None:
            raise validation_error("No existing template to use")
        wanted = previous.template
    else:
        carried = {key: given[key] for key in ("TemplateBody", "TemplateURL") if key in given}
        wanted = template_of(store, stack.region, carried)
    check_references(wanted)
    unknown = sorted({r.type_name for r in wanted.resources.values() if not is_known(r.type_name)})
    if unknown:
        raise validation_error(
            f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]. docs/local-cloudformation.md "
            "lists the types that the local account knows."
        )
    capabilities = tuple(given.get("Capabilities", ()))
    _check_capabilities(wanted, capabilities)
    parameters = settle(
        wanted.section("Parameters"),
        given.get("Parameters", []),
        previous.parameters if previous else {},
        lambda name: store.parameter(name, stack.region),
    )
    if "Tags" in given:
        tags = {tag["Key"]: tag["Value"] for tag in given["Tags"]}
    else:
        tags = dict(previous.tags) if previous else {}
    role = given.get("RoleARN") or (previous.role_arn if previous else None)
    check_rules(TemplateScope(wanted, parameters, store.surroundings(stack)))
    return Deployment(wanted, parameters, tags, capabilities, role)


def planned(store: Store, stack: Stack, target: Deployment) -> tuple[ResourceChange, ...]:
    """The plan; an unsupported property or an unknown name is a ValidationError."""
    try:
        return plan(stack, target, store.surroundings(stack))
    except ResourceError as error:
        raise validation_error(str(error)) from error


def changes_anything(stack: Stack, target: Deployment, changes: tuple[ResourceChange, ...]) -> bool:
    """Whether a deployment differs from the present one in resources, outputs, tags or policies."""
    previous = stack.deployment
    if previous is None or changes:
        return True
    return (
        previous.tags != target.tags
        or previous.template.section("Outputs") != target.template.section("Outputs")
        or _policies(previous.template) != _policies(target.template)
        or stack.status in ("CREATE_FAILED", "UPDATE_FAILED")
        or previous.parameters != target.parameters
    )


def _policies(wanted: Template) -> dict[str, tuple[str, str]]:
    return {name: (entry.deletion_policy, entry.update_replace_policy) for name, entry in wanted.resources.items()}


def required_capabilities(wanted: Template) -> list[str]:
    """The capabilities that a user must acknowledge for this template."""
    iam = [entry for entry in wanted.resources.values() if entry.type_name.startswith("AWS::IAM::")]
    if any(_NAMED_IAM.get(entry.type_name, "") in entry.properties for entry in iam):
        return ["CAPABILITY_NAMED_IAM"]
    return ["CAPABILITY_IAM"] if iam else []


def _check_capabilities(wanted: Template, given: tuple[str, ...]) -> None:
    needed = required_capabilities(wanted)
    sufficient = {"CAPABILITY_NAMED_IAM", *needed}
    if needed and not sufficient & set(given):
        raise CloudFormationError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(needed)}]")


_AMAZON = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com")


def _download(store: Store, region: str, url: str) -> str:
    bucket, key = split_template_url(url)
    try:
        answer = store.clients("s3", region).get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise validation_error(f"S3 error: {error.response['Error'].get('Message')} ({url})") from None
    return str(answer["Body"].read().decode())


def split_template_url(url: str) -> tuple[str, str]:
    """Bucket and key of a template's URL: path-style or virtual-host, of Amazon or of loopback.

    Raises a ValidationError for anything else: the local account fetches from its own S3 only.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    amazon = _AMAZON.fullmatch(host)
    if amazon and amazon.group("bucket"):
        return amazon.group("bucket"), path
    if host.endswith(".localhost"):
        return host.removesuffix(".localhost").removesuffix(".s3"), path
    if (amazon or host in ("localhost", "127.0.0.1")) and "/" in path:
        bucket, key = path.split("/", 1)
        return bucket, key
    raise validation_error(f"TemplateURL must be a supported URL of the local account's S3, got {url}")
