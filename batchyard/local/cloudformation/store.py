"""Every stack of the account, and what stacks see of each other and of the account."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from batchyard.local.cloudformation.errors import stack_not_found, validation_error
from batchyard.local.cloudformation.resources.call import Client
from batchyard.local.cloudformation.responses import Responses
from batchyard.local.cloudformation.scope import Surroundings, TemplateScope
from batchyard.local.cloudformation.stack import Output, Stack

if TYPE_CHECKING:
    from batchyard.local.cloudformation.changeset import ChangeSet


@dataclass
class Store:
    """The stacks, in the order of their creation. `lock` guards every change of a stack's status by a request."""

    clients: Callable[[str, str], Client]
    responses: Responses = field(default_factory=Responses)
    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: Counter[str] = field(default_factory=Counter)
    """The last number of each series that resources count up."""

    def find(self, name: str, region: str) -> Stack | None:
        """The stack of this name (deleted ones are gone) or id (deleted ones stay)."""
        if name.startswith("arn:"):
            return self.stacks.get(name)
        for stack in list(self.stacks.values()):
            if (stack.name, stack.region) == (name, region) and stack.status != "DELETE_COMPLETE":
                return stack
        return None

    def get(self, name: str, region: str) -> Stack:
        """As `find`, but a ValidationError if there is none."""
        stack = self.find(name, region)
        if stack is None:
            raise stack_not_found(name)
        return stack

    def of_region(self, region: str) -> list[Stack]:
        """The region's stacks, the newest first."""
        return [stack for stack in reversed(list(self.stacks.values())) if stack.region == region]

    def properties_of(self, physical_id: str, region: str) -> Mapping[str, Any] | None:
        """The properties of the resource of this physical id, in any stack of the region that has one."""
        for stack in self.of_region(region):
            for entry in list(stack.resources.values()):
                if entry.physical_id == physical_id:
                    return entry.properties
        return None

    def next_number(self, series: str) -> int:
        """1 at first, then one more each time, for each series."""
        with self.lock:
            self.numbers[series] += 1
            return self.numbers[series]

    def exports(self, region: str) -> dict[str, tuple[Stack, Output]]:
        """What the region's stacks export, by name."""
        return {
            output.export: (stack, output)
            for stack in self.of_region(region)
            if stack.status != "DELETE_COMPLETE"
            for output in stack.outputs
            if output.export is not None
        }

    def importers(self, export: str, region: str) -> list[str]:
        """The names of the stacks that import it."""
        return [
            stack.name
            for stack in self.of_region(region)
            if stack.status != "DELETE_COMPLETE" and export in self._imports(stack)
        ]

    def importers_of(self, stack: Stack) -> list[tuple[str, str]]:
        """Pairs of an export of the stack and the name of another stack that imports it."""
        return [
            (output.export, user)
            for output in stack.outputs
            if output.export is not None
            for user in self.importers(output.export, stack.region)
            if user != stack.name
        ]

    def check_exports(self, stack: Stack, outputs: tuple[Output, ...]) -> None:
        """Refuse outputs that take another stack's export name, or drop an export that is in use."""
        exports = self.exports(stack.region)
        for output in outputs:
            if output.export in exports and exports[output.export][0] is not stack:
                owner = exports[output.export][0].name
                raise validation_error(f"Export with name {output.export} is already exported by stack {owner}")
        kept = {output.export: output.value for output in outputs}
        for output in stack.outputs:
            if output.export is None or kept.get(output.export) == output.value:
                continue
            users = [user for user in self.importers(output.export, stack.region) if user != stack.name]
            if users:
                verb = "update" if output.export in kept else "delete"
                raise validation_error(f"Cannot {verb} export {output.export} as it is in use by {', '.join(users)}")

    def surroundings(self, stack: Stack) -> Surroundings:
        """What the stack's template sees of the account."""
        region = stack.region

        def imported(name: str) -> str:
            exports = self.exports(region)
            if name not in exports:
                raise validation_error(f"No export named {name} found")
            return exports[name][1].value

        return Surroundings(
            region=region,
            stack_name=stack.name,
            stack_id=stack.stack_id,
            imported=imported,
            zones=lambda wanted: self._zones(wanted),
            dynamic=lambda service, key: self._dynamic(service, key, region),
        )

    def parameter(self, name: str, region: str) -> str:
        """The value of an SSM parameter that a template parameter names."""
        try:
            return str(self.clients("ssm", region).get_parameter(Name=name)["Parameter"]["Value"])
        except ClientError:
            raise validation_error(
                f"Unable to fetch parameters [{name}] from parameter store for this account."
            ) from None

    def _zones(self, region: str) -> list[str]:
        zones = self.clients("ec2", region).describe_availability_zones()["AvailabilityZones"]
        return sorted(zone["ZoneName"] for zone in zones)

    def _dynamic(self, service: str, key: str, region: str) -> str:
        if service != "ssm":
            raise validation_error(
                f"The local account resolves dynamic references of ssm only, not of {service} (key {key})"
            )
        return self.parameter(key, region)

    def _imports(self, stack: Stack) -> set[str]:
        """The names of the exports that a stack's template imports."""
        if stack.deployment is None:
            return set()
        found: set[str] = set()

        def imported(name: str) -> str:
            found.add(name)
            return name

        around = self.surroundings(stack)
        scope = TemplateScope(
            stack.deployment.template,
            stack.deployment.parameters,
            Surroundings(around.region, around.stack_name, around.stack_id, imported, around.zones, around.dynamic),
        )
        _visit_imports(stack.deployment.template.body, scope)
        return found


def _visit_imports(value: object, scope: TemplateScope) -> None:
    from batchyard.local.cloudformation.intrinsics import resolve

    if isinstance(value, dict):
        if set(value) == {"Fn::ImportValue"}:
            resolve(value, scope)
            return
        for item in value.values():
            _visit_imports(item, scope)
    elif isinstance(value, list):
        for item in value:
            _visit_imports(item, scope)
