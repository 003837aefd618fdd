"""A user's own boto3 script: it knows AWS, and nothing of Batchyard. Prints what it saw as JSON.

Usage: stranger.py EXIT_CODE
"""

from __future__ import annotations

import json
import sys
import time

import boto3

exit_code = sys.argv[1]
batch, s3, logs = boto3.client("batch"), boto3.client("s3"), boto3.client("logs")

queues = batch.describe_job_queues()["jobQueues"]
queue = max(queues, key=lambda found: found["priority"])
definition = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"][0]
bucket = next(found["Name"] for found in s3.list_buckets()["Buckets"] if not found["Name"].startswith("cdk-"))

key = "scripts/a stranger's own.sh"
script = f'#!/bin/bash\necho "hello $GREETED from $AWS_BATCH_JQ_NAME, $# arguments: $*"\nexit {exit_code}\n'
s3.put_object(Bucket=bucket, Key=key, Body=script.encode())
job_id = batch.submit_job(
    jobName="stranger",
    jobQueue=queue["jobQueueArn"],
    jobDefinition=definition["jobDefinitionArn"],
    containerOverrides={
        "command": ["stranger.sh", "one", "two three"],
        "environment": [
            {"name": "BATCH_FILE_TYPE", "value": "script"},
            {"name": "BATCH_FILE_S3_URL", "value": f"s3://{bucket}/{key}"},
            {"name": "GREETED", "value": "world"},
        ],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "256"}],
    },
)["jobId"]

deadline = time.monotonic() + 60
while (job := batch.describe_jobs(jobs=[job_id])["jobs"][0])["status"] not in ("SUCCEEDED", "FAILED"):
    if time.monotonic() > deadline:
        sys.exit(f"still {job['status']} after a minute")
    time.sleep(0.1)

group = job["container"]["logConfiguration"]["options"]["awslogs-group"]
events = logs.get_log_events(logGroupName=group, logStreamName=job["container"]["logStreamName"], startFromHead=True)[
    "events"
]
print(
    json.dumps(
        {
            "queue": queue["jobQueueName"],
            "status": job["status"],
            "exit_code": job["container"].get("exitCode"),
            "attempts": len(job["attempts"]),
            "log": [event["message"] for event in events],
            "vcpus": [item["value"] for item in job["container"]["resourceRequirements"] if item["type"] == "VCPU"],
        }
    )
)
