"""YAML to plain values, with the line that each came from.

Nodes are walked by hand instead of through a constructor: so duplicate keys are found all at once, lines are kept,
no tag can make an object, and aliases cannot multiply beyond a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from batchyard.settings.problems import DeploymentError, DeploymentFileError, Path, Problem

LARGEST_FILE_BYTES = 256 * 1024
MOST_VALUES = 20_000
DEEPEST_NESTING = 50
#: Longer ones are text: no field has such numbers, and Python refuses to write them down for the reader.
LONGEST_NUMBER = 100

_TAG = "tag:yaml.org,2002:"
_PLAIN = frozenset(
    _TAG + kind for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
_BOOLEANS = {"true": True, "false": False}


@dataclass
class Document:
    """What a file says: plain dicts, lists, text, numbers, booleans and None, and the line of each by its path."""

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int | None:
        """The line of a value, or of the nearest one around it that stands in the file."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path)


def read(file: FilePath) -> Document:
    """The document in `file`. Raises DeploymentError, with the line where there is one."""
    return parse(_text(file), str(file))


def parse(text: str, name: str) -> Document:
    """The document in `text`, which came from the file `name`. Raises DeploymentFileError."""
    reader = YAML(typ="safe", pure=True)
    reader.max_depth = DEEPEST_NESTING
    reader.composer.warn_double_anchors = False  # YAML lets an anchor be set again
    try:
        root = reader.compose(text)
    except MaxDepthExceededError as error:
        message = f"it is nested deeper than {DEEPEST_NESTING} levels"
        raise DeploymentFileError(name, [Problem((), message, line=error.problem_mark.line + 1)]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        line = None if mark is None else mark.line + 1
        raise DeploymentFileError(name, [Problem((), f"it is not valid YAML: {what}", line=line)]) from None
    except YAMLError as error:
        first_line = str(error).splitlines()[0]
        raise DeploymentFileError(name, [Problem((), f"it is not valid YAML: {first_line}")]) from None
    if root is None:
        raise DeploymentFileError(name, [Problem((), "it is empty", allowed="a mapping; {} is the default deployment")])
    walk = _Walk(name)
    value = walk.value(root, ())
    if walk.problems:
        raise DeploymentFileError(name, walk.problems)
    return Document(value, walk.lines)


def _text(file: FilePath) -> str:
    try:
        if not file.exists():
            raise DeploymentError(f"{file}: there is no such file")
        if not file.is_file():
            kind = "a folder" if file.is_dir() else "no regular file"
            raise DeploymentError(f"{file}: it is {kind}: name a deployment's YAML file")
        if file.stat().st_size > LARGEST_FILE_BYTES:
            raise DeploymentError(f"{file}: it is larger than {LARGEST_FILE_BYTES} bytes: no deployment file is")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"it is not text in UTF-8: byte {error.start} cannot be read"
        raise DeploymentFileError(str(file), [Problem((), message)]) from None
    except OSError as error:
        raise DeploymentError(f"{file}: it cannot be read: {error.strerror}") from None


@dataclass
class _Walk:
    """One walk over a document's nodes."""

    name: str
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    values: int = 0

    def value(self, node: Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.values += 1
        if self.values > MOST_VALUES or len(path) > DEEPEST_NESTING:
            # Also the end of an alias that stands for itself, or of a few that stand for millions of values.
            message = f"it says too much: more than {MOST_VALUES} values, or nested deeper than {DEEPEST_NESTING}"
            raise DeploymentFileError(self.name, [Problem((), message, line=line)])
        if node.tag not in _PLAIN:
            self.problems.append(Problem(path, f"the tag {node.tag} is not known here", None, "plain values", line))
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(child, (*path, position)) for position, child in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return _scalar(node)

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, ScalarNode) or not isinstance(key, str):
                self.problems.append(Problem(path, "a key is not text", allowed="text as a key", line=line))
                continue
            here: Path = (*path, key)
            if key in result:
                first = self.lines[here]
                message = f"the key stands twice; the first is in line {first}"
                self.problems.append(Problem(here, message, line=line))
                continue
            self.lines[here] = line
            result[key] = self.value(child, here)
        return result


def _scalar(node: ScalarNode) -> Any:
    """A scalar's value; text where a tag says otherwise of text that is none (`!!int five`)."""
    text: str = node.value
    kind = str(node.tag).removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return _BOOLEANS.get(text.lower(), text)
    return _number(text, kind) if kind in ("int", "float") else text


def _number(text: str, kind: str) -> int | float | str:
    if len(text) > LONGEST_NUMBER:
        return text
    plain = text.replace("_", "").lower()
    try:
        return int(plain, 0 if plain.lstrip("+-")[:2] in ("0x", "0o", "0b") else 10)
    except ValueError:
        pass
    try:
        return float(plain.replace(".inf", "inf").replace(".nan", "nan")) if kind == "float" else text
    except ValueError:
        return text
