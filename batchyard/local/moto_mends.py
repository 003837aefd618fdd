"""The one place where moto itself is changed, and why.

Bucket policies: moto enforces them, but cannot evaluate most conditions and answers "denied" for every statement
whose condition it cannot see fulfilled (`IAMPolicyStatement.is_action_permitted`). The usual statement
"deny whatever does not come over TLS" would so refuse every request to the bucket. Mended: statements with a
Condition are held and shown, but not evaluated; all others are enforced as before.
"""

from __future__ import annotations

import json

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def install() -> None:
    """Put the mends in place; doing it again changes nothing."""
    setattr(FakeBucket, FakeBucket.get_permission.__name__, _get_permission)


def _get_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    unconditional = [statement for statement in listed if not statement.get("Condition")]
    evaluated = {"policy_document": json.dumps({**policy, "Statement": unconditional})}
    return IAMPolicy(evaluated).is_action_permitted(action, resource)
