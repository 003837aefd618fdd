"""What the account only keeps: types and properties that have no effect here, told to whoever asks."""

from __future__ import annotations

from batchyard.local.cloudformation.resources.registry import resource_type
from batchyard.local.cloudformation.store import Store


def recorded(store: Store) -> dict[str, object]:
    """Per living stack and resource, what is only recorded and why.

    `{"stacks": [{"stack", "region", "resources": [{"logicalId", "type", "wholeType", "properties": {name: why}}]}]}`;
    `wholeType` holds the reason if the type as a whole is without effect, else null.
    """
    stacks = []
    for stack in store.stacks.values():
        resources = []
        for entry in stack.resources.values():
            kind = resource_type(entry.type_name)
            properties = kind.recorded_properties(entry.properties)
            whole = kind.recorded or kind.inert
            if whole or properties:
                resources.append(
                    {
                        "logicalId": entry.logical_id,
                        "type": entry.type_name,
                        "wholeType": whole,
                        "properties": properties,
                    }
                )
        if resources and stack.status != "DELETE_COMPLETE":
            stacks.append({"stack": stack.name, "region": stack.region, "resources": resources})
    return {"stacks": stacks}
