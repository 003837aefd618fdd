"""Fields that name what exists in an account already: they need one."""

from __future__ import annotations

from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import all_environments
from batchyard.settings.problems import DeploymentError, dotted


def require_account(deployment: Deployment, account: str | None, region: str | None) -> None:
    """Raise DeploymentError where a field must be looked up and account or region is not known."""
    if account and region:
        return
    fields = ["network.vpc_id"] if deployment.network.vpc_id else []
    fields += [
        dotted((*path, "availability_zones"))
        for path, environment in all_environments(deployment)
        if environment.availability_zones
    ]
    if fields:
        raise DeploymentError(
            f"{' and '.join(fields)} must be looked up in an AWS account, and none is known: run the CDK CLI with "
            "credentials and a region (it sets CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION)."
        )
