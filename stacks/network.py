"""From a deployment's settings to what its network needs."""

from __future__ import annotations

from constructs import Construct
from constructs.job_network import JobNetwork

from batchyard.settings.containers import all_containers
from batchyard.settings.deployment import Deployment


def endpoint_services(deployment: Deployment) -> list[str]:
    """The services that jobs call: those named, and those that hold the secrets of job definitions."""
    secrets = (arn for _, container in all_containers(deployment) for arn in container.secrets.values())
    # The third part of an ARN is the service: secretsmanager or ssm, which are its endpoint's name too.
    return sorted({*deployment.network.endpoints, *(arn.split(":")[2] for arn in secrets)})


def job_network(scope: Construct, construct_id: str, *, deployment: Deployment) -> JobNetwork:
    """The network of a deployment."""
    settings = deployment.network
    return JobNetwork(
        scope,
        construct_id,
        cidr=settings.cidr,
        type=settings.type,
        zones=settings.zones,
        endpoint_services=endpoint_services(deployment),
        vpc_id=settings.vpc_id,
        subnet_ids=settings.subnet_ids,
    )
