"""The platform record: what a deployment tells its users, in one SSM parameter.

Written by the stack, read by the client. Standard library only: the client starts fast.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

#: Counts up when a client that knows the old form could misread the new one.
VERSION = 2

#: The most characters that a parameter of SSM's holds (API reference, PutParameter: advanced parameters).
MOST_CHARACTERS = 8192

#: What a record says only where there is something to say, so that it does not change for those who have no use for it.
_LEFT_OUT_WHEN_EMPTY = frozenset({"own_commands"})

#: The fields whose ARNs may be written as what follows their slash, and the kind that stands before it.
_KINDS = {"job_queues": "job-queue", "job_definitions": "job-definition", "compute_environments": "compute-environment"}


class PlatformRecordError(Exception):
    """A platform record that this version cannot read."""


def parameter_name(deployment: str) -> str:
    """The SSM parameter of a deployment's record."""
    return f"/batchyard/{deployment}/platform"


@dataclass(frozen=True)
class PlatformRecord:
    """What a deployment tells its users."""

    #: The name of the deployment, the account (12 digits) and the region it lies in.
    deployment: str
    account: str
    region: str
    #: The job bucket's name; prefixes end with /.
    bucket: str
    scripts_prefix: str
    results_prefix: str
    #: The repository's URI without a tag, and the image with its tag.
    repository_uri: str
    image: str
    #: The log group's name.
    log_group: str
    job_role_arn: str
    #: Keys of job_queues and job_definitions.
    default_queue: str
    default_job_definition: str
    #: From the name in the deployment file to the ARN; a job definition's is that of its latest revision.
    job_queues: dict[str, str]
    job_definitions: dict[str, str]
    compute_environments: dict[str, str]
    #: Keys of job_queues whose jobs must name a share. Older records have none.
    fair_share_queues: list[str] = field(default_factory=list)
    #: From keys of job_definitions to the program that their jobs name before a script; in the others that take one the
    #: image's ENTRYPOINT is the runner. Older records have none.
    mounted_runners: dict[str, str] = field(default_factory=dict)
    #: Keys of job_definitions whose jobs run a command of their own, without a script. Older records have none.
    own_commands: list[str] = field(default_factory=list)
    version: int = VERSION

    def to_fields(self, shortened: Callable[[str], str] = str) -> dict[str, Any]:
        """The record as plain values, for a writer that resolves them (the stack).

        `shortened` makes of an ARN what follows its slash: what is before it is the same for all, and a parameter holds
        MOST_CHARACTERS only.
        """
        values = {name: value for name, value in asdict(self).items() if value or name not in _LEFT_OUT_WHEN_EMPTY}
        return {**values, **{kind: {key: shortened(arn) for key, arn in values[kind].items()} for kind in _KINDS}}

    def to_json(self) -> str:
        """The record as the parameter holds it."""
        return json.dumps(self.to_fields(), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> PlatformRecord:
        """The record in `text`.

        Fields that this version does not know are left out. Raises PlatformRecordError.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise PlatformRecordError(f"the platform record is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise PlatformRecordError(f"the platform record is not a JSON object: it is {type(values).__name__}")
        _check_version(values.get("version"))
        # What older records do not have has a default.
        added = {each.name: each.default_factory() for each in fields(cls) if each.default_factory is not MISSING}
        values = {**added, **values}
        types = {each.name: each.type for each in fields(cls)}
        missing = sorted(name for name in types if name not in values)
        if missing:
            raise PlatformRecordError(
                f"the platform record lacks {', '.join(missing)}: deploy the platform again with this version."
            )
        wrong = sorted(name for name, kind in types.items() if not _fits(values[name], str(kind)))
        if wrong:
            raise PlatformRecordError(f"the platform record's {', '.join(wrong)} is not of the right type")
        return cls(**{name: values[name] for name in types} | _whole_arns(values))


def _whole_arns(values: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    # The record's other ARN says which partition it lies in.
    partition = values["job_role_arn"].split(":")[1] if values["job_role_arn"].startswith("arn:") else "aws"
    return {
        name: {
            key: text
            if text.startswith("arn:")
            else f"arn:{partition}:batch:{values['region']}:{values['account']}:{kind}/{text}"
            for key, text in values[name].items()
        }
        for name, kind in _KINDS.items()
    }


def _check_version(version: object) -> None:
    if version == VERSION and not isinstance(version, bool):
        return
    if isinstance(version, int) and version > VERSION:
        remedy = "update this checkout to the version that deployed it"
    else:
        remedy = "deploy the platform again with this version"
    raise PlatformRecordError(
        f"the platform record has version {version!r}, and this batchyard reads version {VERSION}: {remedy}."
    )


def _fits(value: object, kind: str) -> bool:
    if kind == "dict[str, str]":
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if kind == "list[str]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, {"str": str, "int": int}[kind])
