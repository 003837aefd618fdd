"""Every operation that the local account's CloudFormation has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batchyard.local.cloudformation import change_set_operations as change_sets
from batchyard.local.cloudformation import queries
from batchyard.local.cloudformation import stack_operations as stacks
from batchyard.local.cloudformation.api import Api, Arguments, Result
from batchyard.local.cloudformation.store import Store

Operation = Callable[[Api, str, Arguments], Result]


def _read(query: Callable[[Store, str, Arguments], Result]) -> Operation:
    return lambda api, region, given: query(api.store, region, given)


OPERATIONS: Mapping[str, Operation] = {
    "ContinueUpdateRollback": stacks.roll_back,
    "CreateChangeSet": change_sets.create_change_set,
    "CreateStack": stacks.create_stack,
    "DeleteChangeSet": change_sets.delete_change_set,
    "DeleteStack": stacks.delete_stack,
    "DescribeChangeSet": change_sets.describe_change_set,
    "DescribeEvents": _read(queries.describe_events),
    "DescribeStackEvents": _read(queries.describe_stack_events),
    "DescribeStackResource": _read(queries.describe_stack_resource),
    "DescribeStackResources": _read(queries.describe_stack_resources),
    "DescribeStacks": _read(queries.describe_stacks),
    "ExecuteChangeSet": change_sets.execute_change_set,
    "GetTemplate": _read(queries.get_template),
    "GetTemplateSummary": stacks.get_template_summary,
    "ListChangeSets": change_sets.list_change_sets,
    "ListExports": _read(queries.list_exports),
    "ListImports": _read(queries.list_imports),
    "ListStackResources": _read(queries.list_stack_resources),
    "ListStacks": _read(queries.list_stacks),
    "RollbackStack": stacks.roll_back,
    "UpdateStack": stacks.update_stack,
    "UpdateTerminationProtection": stacks.update_termination_protection,
    "ValidateTemplate": stacks.validate_template,
}
