"""Tell CloudFormation which ECS cluster a compute environment has."""

import time
from typing import Any

import boto3
import cfnresponse

#: Seconds that must be left for the answer, and between two looks.
RESERVE, PAUSE = 10, 2


def handler(event: dict[str, Any], context: Any) -> None:
    """Answer the cluster of the environment that the event names, once it is VALID. A deletion has nothing to do."""
    if event["RequestType"] == "Delete":
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, event["PhysicalResourceId"])
        return
    name = event["ResourceProperties"]["ComputeEnvironment"]
    try:
        arn = cluster(name, context)
    except Exception as error:  # noqa: BLE001 - whatever it was: without an answer CloudFormation waits until its end
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, name, reason=str(error))
        return
    data = {"ClusterArn": arn, "ClusterName": arn.rpartition("/")[2]}
    cfnresponse.send(event, context, cfnresponse.SUCCESS, data, arn)


def cluster(name: str, context: Any) -> str:
    """The ARN of the environment's cluster."""
    batch = boto3.client("batch")
    while True:
        found = batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"]
        if not found:
            raise RuntimeError(f"there is no compute environment {name}")
        status, reason = found[0]["status"], found[0].get("statusReason", "no reason given")
        if status == "VALID" and "ecsClusterArn" in found[0]:
            return str(found[0]["ecsClusterArn"])
        if status == "INVALID":
            raise RuntimeError(f"{name} is INVALID: {reason}")
        if context.get_remaining_time_in_millis() < RESERVE * 1000:
            raise RuntimeError(f"{name} is still {status}: {reason}")
        time.sleep(PAUSE)
