"""The scope of one template with its parameters: conditions, mappings, names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batchyard.local.account import ACCOUNT_ID
from batchyard.local.cloudformation.errors import validation_error
from batchyard.local.cloudformation.intrinsics import resolve
from batchyard.local.cloudformation.parameters import Parameter
from batchyard.local.cloudformation.template import Template


@dataclass(frozen=True)
class Surroundings:
    """What a template sees of the account: its stack's identity, and look-ups outside of the stack."""

    region: str
    stack_name: str
    stack_id: str
    imported: Callable[[str], str]
    zones: Callable[[str], list[str]]
    dynamic: Callable[[str, str], str]


@dataclass
class TemplateScope:
    """Names within a template; the two functions say what a resource's Ref and attributes are."""

    template: Template
    parameters: Mapping[str, Parameter]
    surroundings: Surroundings
    physical_id: Callable[[str], Any] | None = None
    resource_attribute: Callable[[str, str], Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    _conditions: dict[str, bool] = field(default_factory=dict)

    @property
    def mappings(self) -> Mapping[str, Any]:
        """The template's Mappings."""
        return self.template.section("Mappings")

    def reference(self, name: str) -> Any:
        """Parameter, pseudo parameter or resource."""
        if name in self.parameters:
            return self.parameters[name].value
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in self.template.resources and self.physical_id:
            self._check_exists(name)
            return self.physical_id(name)
        raise validation_error(
            f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
        )

    def attribute(self, logical_id: str, name: str) -> Any:
        """A resource's attribute."""
        if logical_id not in self.template.resources or not self.resource_attribute:
            raise validation_error(f"Template error: instance of Fn::GetAtt references undefined resource {logical_id}")
        self._check_exists(logical_id)
        return self.resource_attribute(logical_id, name)

    def condition(self, name: str) -> bool:
        """Whether the condition holds."""
        if name not in self._conditions:
            conditions = self.template.section("Conditions")
            if name not in conditions:
                raise validation_error(
                    f"Template format error: Unresolved condition dependency {name} in the Conditions block of "
                    "the template"
                )
            self._conditions[name] = bool(resolve(conditions[name], self))
        return self._conditions[name]

    def imported(self, name: str) -> str:
        """Another stack's export."""
        return self.surroundings.imported(name)

    def zones(self, region: str) -> list[str]:
        """Availability zones."""
        return self.surroundings.zones(region or self.surroundings.region)

    def dynamic(self, service: str, key: str) -> str:
        """A dynamic reference."""
        return self.surroundings.dynamic(service, key)

    def wanted(self, logical_id: str) -> bool:
        """Whether the resource's condition holds."""
        condition = self.template.resources[logical_id].condition
        return condition is None or self.condition(condition)

    def _check_exists(self, logical_id: str) -> None:
        if not self.wanted(logical_id):
            raise validation_error(
                f"Template format error: Unresolved resource dependencies [{logical_id}] in the Resources block of "
                "the template"
            )

    def _pseudo(self, name: str) -> Any:
        around = self.surroundings
        values: dict[str, Any] = {
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": around.region,
            "AWS::StackId": around.stack_id,
            "AWS::StackName": around.stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name not in values:
            raise validation_error(f"Template format error: Unrecognized pseudo parameter {name}")
        return values[name]


def check_rules(scope: TemplateScope) -> None:
    """Refuse parameter values that break one of the template's Rules."""
    for name, rule in scope.template.section("Rules").items():
        if "RuleCondition" in rule and not resolve(rule["RuleCondition"], scope):
            continue
        for assertion in rule.get("Assertions", []):
            if not resolve(assertion["Assert"], scope):
                said = assertion.get("AssertDescription", f"rule {name} does not hold")
                raise validation_error(f"Template validation error: Rule {name} failed: {said}")
