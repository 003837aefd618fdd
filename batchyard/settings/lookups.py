"""Fields that name what exists in an account already: they need one."""

from __future__ import annotations

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import DeploymentError


def require_account(deployment: Deployment, account: str | None, region: str | None) -> None:
    """Raise DeploymentError where a field must be looked up and account or region is not known."""
    if account and region:
        return
    fields = ["network.vpc_id"] if deployment.network.vpc_id else []
    fields += [
        f"compute_environments.{name}.availability_zones"
        for name, environment in deployment.compute_environments.items()
        if environment.availability_zones
    ]
    if fields:
        raise DeploymentError(
            f"{' and '.join(fields)} must be looked up in an AWS account, and none is known: run the CDK CLI with "
            "credentials and a region (it sets CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION)."
        )
