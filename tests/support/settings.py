"""What is said of a deployment file with these settings."""

from __future__ import annotations

from typing import Any

from batchyard.settings.problems import DeploymentFileError, dotted
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import Document


def told(settings: dict[str, Any]) -> dict[str, str]:
    """Each problem by its path: message, what was given, and what is allowed."""
    try:
        validated(Document(settings, {}), "file.yaml")
    except DeploymentFileError as error:
        return {dotted(each.path): f"{each.message}|{each.given}|{each.allowed}" for each in error.problems}
    return {}
