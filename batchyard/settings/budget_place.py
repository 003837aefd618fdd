"""Where a deployment can have a monthly budget: that depends on its region, which no deployment file names."""

from __future__ import annotations

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import DeploymentError

#: Regions whose CloudFormation has no AWS::Budgets::Budget, by the schemas of CloudFormation's registry in cfn-lint
#: 1.58 (a test compares them). A stack with one fails there: "Unrecognized resource types".
WITHOUT_BUDGETS = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-3",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "mx-central-1",
        "us-gov-east-1",
        "us-gov-west-1",
    }
)
CHINA = "cn-"


def require_budget_place(deployment: Deployment, region: str | None) -> None:
    """Raise DeploymentError for a deployment with a budget in a region where CloudFormation can make none of ours."""
    if deployment.budget is None or region is None:
        return
    reason = None
    if region in WITHOUT_BUDGETS:
        reason = "CloudFormation has no AWS::Budgets::Budget there"
    elif region.startswith(CHINA):
        reason = "accounts in China are billed in CNY, and monthly_usd is in USD"
    if reason is not None:
        raise DeploymentError(
            f"budget: the region {region} cannot have it ({reason}). Leave `budget` out and make one in the console of "
            "AWS Budgets, filtered by the tag that docs/cost.md names, or deploy in another region."
        )
