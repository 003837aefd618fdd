"""Names: what a name in a deployment file may be, and which construct id it becomes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

#: A deployment's name stands in the stack's name and in the platform record's parameter name.
DEPLOYMENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}", re.ASCII)

DEPLOYMENT_NAME_RULE = "1 to 63 letters, digits and hyphens, the first a letter"

#: What follows the kind in the id of something of EC2's: 8 hexadecimal digits, or since 2016 17 (EC2 User Guide,
#: "Resource IDs").
EC2_ID = r"([0-9a-f]{8}|[0-9a-f]{17})"

#: Names of queues, environments and job definitions: AWS Batch's own rule (CreateJobQueue, jobQueueName), and a
#: letter first, because the name becomes a construct id.
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,127}$",
        json_schema_extra={"x-allowed": "1 to 128 letters, digits, - and _, the first a letter"},
    ),
]


def pascal_case(name: str) -> str:
    """The construct id of a name: `on-demand` becomes `OnDemand`.

    Construct ids are a contract (a changed id is a replaced resource), so they follow from the name alone.
    """
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[-_]+", name) if word)
