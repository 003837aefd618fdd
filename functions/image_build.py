"""Sees to it that the repository has an image, for CloudFormation, which waits for its word (docs/adr/0055).

CloudFormation asks when the stack changes (a custom resource); EventBridge tells when a build has ended. What counts
is what the repository has then. The file is in the template as it is: it imports what Lambda's Python has, no more.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

#: The variable of a build that holds what CloudFormation asked, and what of it is needed to answer.
ASKED = "BATCHYARD_REQUEST"
KEPT = ("LogicalResourceId", "PhysicalResourceId", "RequestId", "ResourceProperties", "ResponseURL", "StackId")

#: The media types of images, and of the lists that may name them.
LISTS = {
    "application/vnd.docker.distribution.manifest.v2+json": "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json": "application/vnd.oci.image.index.v1+json",
}

#: A permission that was just given is not known everywhere at once.
TRIES, SECONDS_BETWEEN = 10, 5

#: A response may have 4,096 bytes ("Custom resource response objects").
LONGEST_REASON = 1500


def handler(event: dict[str, Any], _context: object) -> None:
    """Begin what CloudFormation asks for, or conclude what has ended."""
    if "detail" in event:
        # An ARN that ends in /PROJECT:ID.
        _ended(event["detail"]["build-id"].rpartition("/")[2])
    elif event["RequestType"] == "Delete":
        # The repository outlives the stack, and so do its images.
        _answer(event)
    else:
        _answering(event, _begin)


def _begin(asked: dict[str, Any]) -> str | None:
    """What there is to answer: "" if the image is there, None while it is built."""
    wanted = asked["ResourceProperties"]
    if _is_there(wanted):
        return ""
    if "Project" in wanted:
        kept = {key: asked[key] for key in KEPT if key in asked}
        # CloudFormation may ask twice; the token makes it one build.
        _patiently(
            boto3.client("codebuild").start_build,
            projectName=wanted["Project"],
            idempotencyToken=asked["RequestId"],
            environmentVariablesOverride=[{"name": ASKED, "value": json.dumps(kept), "type": "PLAINTEXT"}],
        )
        return None
    _join(wanted)
    return ""


def _ended(build_id: str) -> None:
    build = boto3.client("codebuild").batch_get_builds(ids=[build_id])["builds"][0]
    variables = {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}
    # A build that somebody started by hand has no request to answer.
    if ASKED in variables:
        _answering(json.loads(variables[ASKED]), lambda asked: _conclude(asked, build))


def _conclude(asked: dict[str, Any], build: Any) -> str:
    # Even a build that failed may leave an image: somebody pushed the same tag meanwhile.
    if _is_there(asked["ResourceProperties"]):
        return ""
    said = [each.get("message", "") for phase in build.get("phases", []) for each in phase.get("contexts", [])]
    why = "; ".join(filter(None, said)) or "no image was pushed"
    log = build.get("logs", {}).get("deepLink", "there is none")
    return f"The image build {build['id']} ended as {build['buildStatus']}: {why[:700]}. Its log: {log}"


def _is_there(wanted: dict[str, Any]) -> bool:
    images = [{"imageTag": wanted["Tag"]}]
    try:
        _patiently(boto3.client("ecr").describe_images, repositoryName=wanted["Repository"], imageIds=images)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ImageNotFoundException":
            raise
        return False
    return True


def _join(wanted: dict[str, Any]) -> None:
    """Put the images of several architectures under one tag: engines take the one for their machine."""
    ecr, repository = boto3.client("ecr"), wanted["Repository"]
    entries, kinds = [], []
    for architecture, tag in sorted(wanted["Parts"].items()):
        found = ecr.batch_get_image(
            repositoryName=repository, imageIds=[{"imageTag": tag}], acceptedMediaTypes=list(LISTS)
        )
        if not found["images"]:
            raise LookupError(f"the repository has no single image under the tag {tag}: {found.get('failures')}")
        part = found["images"][0]
        kinds.append(LISTS[part["imageManifestMediaType"]])
        entries.append(
            {
                "mediaType": part["imageManifestMediaType"],
                "digest": part["imageId"]["imageDigest"],
                "size": len(part["imageManifest"].encode()),
                "platform": {"os": "linux", "architecture": architecture},
            }
        )
    # Docker's own list names only Docker's images; OCI's index, which comes after it in the alphabet, either.
    kind = max(kinds)
    manifest = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
    ecr.put_image(
        repositoryName=repository,
        imageTag=wanted["Tag"],
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=kind,
    )


def _patiently(call: Callable[..., Any], **given: Any) -> None:
    for left in reversed(range(TRIES)):
        try:
            call(**given)
        except ClientError as error:  # noqa: PERF203 - ten times at most
            if left == 0 or error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            time.sleep(SECONDS_BETWEEN)
        else:
            return


def _answering(asked: dict[str, Any], act: Callable[[dict[str, Any]], str | None]) -> None:
    """Answer what `act` returns: "" is success, other text a problem, None no answer yet."""
    try:
        problem = act(asked)
    except Exception as error:  # noqa: BLE001 - without an answer, CloudFormation waits for an hour
        problem = f"{type(error).__name__}: {error}"
    if problem is not None:
        _answer(asked, problem)


def _answer(asked: dict[str, Any], problem: str = "") -> None:
    told = {key: asked[key] for key in ("LogicalResourceId", "RequestId", "StackId")}
    told["PhysicalResourceId"] = asked.get("PhysicalResourceId", asked["LogicalResourceId"])
    told |= {"Status": "FAILED" if problem else "SUCCESS", "Reason": problem[:LONGEST_REASON]}
    # The URL is signed for an empty content type.
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own URL
        asked["ResponseURL"], json.dumps(told).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        response.read()
