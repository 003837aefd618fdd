#!/usr/bin/env python3
"""Time the synthesis of the default deployment against a one-bucket CDK app, interleaved, and print the ratio.

.venv/bin/python scripts/bench_synth.py [--runs N] [--at-most RATIO]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ZONES = [f"us-east-1{letter}" for letter in "abcdef"]

ONE_BUCKET_APP = """
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

app = cdk.App()
s3.Bucket(cdk.Stack(app, "OneBucket"), "Bucket")
app.synth()
"""


def environment(output: str) -> dict[str, str]:
    """What both apps start with: the CLI's context, an account with six zones, the project's Node, no validation."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    context["availability-zones:account=123456789012:region=us-east-1"] = ZONES
    # Without compiled files every run would compile this project's own again, as no user's second run does.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_DEFAULT_ACCOUNT": "123456789012",
        "CDK_DEFAULT_REGION": "us-east-1",
        "CDK_OUTDIR": output,
        "CDK_VALIDATION": "false",
        "JSII_NODE": os.environ.get("JSII_NODE", str(ROOT / ".venv" / "bin" / "node")),
    }


def seconds(command: list[str]) -> float:
    """How long one synthesis takes, from the start of Python to its end."""
    with tempfile.TemporaryDirectory() as output:
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment(output), check=True)
        taken = time.perf_counter() - started
        if not list(Path(output).glob("*.template.json")):
            raise SystemExit(f"{command} made no template")
        return taken


def main() -> int:
    """Measure and print; exit code 1 where the ratio is above `--at-most`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="runs of each app (default 7), after one that warms up")
    parser.add_argument("--at-most", type=float, default=None, help="fail above this ratio")
    arguments = parser.parse_args()
    apps = {
        "one bucket": [sys.executable, "-c", ONE_BUCKET_APP],
        "default deployment": [sys.executable, "app.py"],
    }
    taken: dict[str, list[float]] = {name: [] for name in apps}
    for run in range(arguments.runs + 1):
        for name, command in apps.items():
            measured = seconds(command)
            if run:
                taken[name].append(measured)
    medians = {name: statistics.median(values) for name, values in taken.items()}
    for name, median in medians.items():
        print(
            f"{name:20} median {median:.2f} s of {arguments.runs}, {min(taken[name]):.2f} to {max(taken[name]):.2f} s"
        )
    ratio = medians["default deployment"] / medians["one bucket"]
    print(f"ratio                {ratio:.2f}")
    return 1 if arguments.at_most is not None and ratio > arguments.at_most else 0


if __name__ == "__main__":
    sys.exit(main())
