#!/usr/bin/env python3
"""A STAND-IN for the AWS CLI, for tests alone: `aws s3api get-object`, with its arguments, errors and exit codes.

The real one takes long to install and half a second to start. It is botocore underneath, as this is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def main() -> int:
    """Fetch one object. Exit codes as the AWS CLI's: 253 configuration, 254 the service refused, 255 other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("service", choices=["s3api"])
    parser.add_argument("operation", choices=["get-object"])
    parser.add_argument("--output", choices=["json"], required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--version-id")
    parser.add_argument("outfile")
    arguments = parser.parse_args()
    assert os.environ["AWS_MAX_ATTEMPTS"] == "1", "the runner must count attempts itself"
    client = boto3.client("s3", region_name=os.environ.get("AWS_REGION") or "us-east-1", config=Config())
    version = {"VersionId": arguments.version_id} if arguments.version_id else {}
    try:
        answer = client.get_object(Bucket=arguments.bucket, Key=arguments.key, **version)
        Path(arguments.outfile).write_bytes(answer["Body"].read())
    except ClientError as error:
        sys.stderr.write(f"\n{error}\n")
        return 254
    except BotoCoreError as error:
        sys.stderr.write(f"\n{error}\n")
        return 253 if "credentials" in str(error) else 255
    sys.stdout.write(json.dumps({"ContentLength": answer["ContentLength"], "Metadata": {}}, indent=4) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
