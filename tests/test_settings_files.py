"""Deployment files that cannot even be read: one clear error each, with the line where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchyard.settings.deployment import Deployment
from batchyard.settings.load import deployment_file, deployment_names, load, load_named
from batchyard.settings.problems import DeploymentError, DeploymentFileError
from batchyard.settings.yaml_file import DEEPEST_NESTING, LARGEST_FILE_BYTES, parse


def refusal(folder: Path, content: str | bytes) -> str:
    file = folder / "wrong.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DeploymentError) as caught:
        load(file)
    return str(caught.value)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        pytest.param("disk:\n  size_gib: 100\n  size_gib: 200\n", 3, ["size_gib", "twice", "line 2"], id="twice"),
        pytest.param("disk:\n\tsize_gib: 100\n", 2, ["not valid YAML"], id="tab"),
        pytest.param("disk: [1, 2\nlogs: {}\n", 2, ["not valid YAML"], id="bracket"),
        pytest.param("disk: {}\n---\ndisk: {}\n", 2, ["not valid YAML"], id="two-documents"),
        pytest.param("disk: !!python/object:os.system {}\n", 1, ["os.system", "not known"], id="tag-on-mapping"),
        pytest.param("default_queue: !secret x\n", 1, ["!secret", "not known"], id="tag"),
        pytest.param("? [a, b]\n: 1\n", 1, ["key is not text"], id="list-as-key"),
        pytest.param("a: *nowhere\n", 1, ["not valid YAML"], id="unknown-alias"),
        pytest.param("a: &a\n  b: *a\n", None, ["too much"], id="alias-of-itself"),
        pytest.param(BOMB, None, ["too much"], id="alias-bomb"),
        pytest.param("", None, ["empty", "{}"], id="empty"),
        pytest.param("# nothing but a comment\n", None, ["empty", "{}"], id="comment"),
        pytest.param("- a\n", 1, ["given:   [", "allowed: a mapping"], id="list"),
        pytest.param("hello\n", 1, ["given:   'hello'", "allowed: a mapping"], id="text"),
        pytest.param("null\n", 1, ["given:   nothing", "allowed: a mapping"], id="null"),
        pytest.param(b"\x00\x01\x02\xff\xfe", None, ["UTF-8"], id="binary"),
        pytest.param(b"disk: \x00\n", None, ["not valid YAML"], id="control-character"),
        pytest.param("x" * (LARGEST_FILE_BYTES + 1), None, ["larger than"], id="large"),
        pytest.param(
            f"disk: {{size_gib: 0x{'f' * 5000}}}", 1, ["disk.size_gib", "0xfff", "allowed"], id="endless-number"
        ),
        pytest.param('tags: {"\\e[2Ka": b}', 1, ["tags.\\x1b[2Ka: the name is not allowed"], id="unseen-key"),
        pytest.param("[" * 5000, 1, ["nested"], id="deep-and-open"),
        pytest.param("a: " + "[" * (DEEPEST_NESTING + 5) + "]" * (DEEPEST_NESTING + 5), 1, ["nested"], id="deep"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: str | bytes, line: int | None, words: list[str]) -> None:
    message = refusal(tmp_path, content)
    for word in words:
        assert word in message
    assert message.startswith(str(tmp_path / "wrong.yaml"))
    if line is not None:
        assert f"wrong.yaml:{line}: " in message
    assert message.replace("\n", "").isprintable()


def test_all_duplicate_keys_are_told_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, "disk: {}\ndisk: {}\nlogs: {}\nlogs: {}\n")
    assert "wrong.yaml:2: disk:" in message
    assert "wrong.yaml:4: logs:" in message
    assert "2 problems" in message


def test_what_is_no_file_is_called_what_it_is(tmp_path: Path) -> None:
    what = {tmp_path / "nowhere.yaml": "no such file", tmp_path: "a folder", Path(os.devnull): "no regular file"}
    for path, said in what.items():
        with pytest.raises(DeploymentError, match=said):
            load(path)


def test_an_empty_mapping_is_the_default_deployment(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("{}\n")
    assert load(file) == Deployment() == load_named("default")


def test_anchors_may_be_used_for_what_they_are_for() -> None:
    document = parse("x: &types [m6i, c6i]\ny: *types\n", "file")
    assert document.value == {"x": ["m6i", "c6i"], "y": ["m6i", "c6i"]}


@pytest.mark.filterwarnings("error")
def test_an_anchor_may_be_set_again() -> None:
    assert parse("x: &a 1\ny: &a 2\nz: *a\n", "file").value == {"x": 1, "y": 2, "z": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("0x10", 16),
        ("1.5", 1.5),
        (".inf", float("inf")),
        ("true", True),
        ("yes", "yes"),
        ("~", None),
        ("2026-11-24", "2026-11-24"),
        ("'5'", "5"),
    ],
)
def test_values_are_what_yaml_1_2_says(text: str, value: object) -> None:
    assert parse(f"x: {text}", "file").value == {"x": value}


def test_names_are_those_of_files(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "notes.txt", "under_score.yaml", ".hidden.yaml"):
        (tmp_path / name).write_text("{}")
    assert deployment_names(tmp_path) == ["a", "b"]
    assert deployment_file("a", tmp_path) == tmp_path / "a.yaml"


def test_an_unknown_name_lists_those_that_exist(tmp_path: Path) -> None:
    for name in ("production", "testing"):
        (tmp_path / f"{name}.yaml").write_text("{}")
    with pytest.raises(DeploymentError) as caught:
        load_named("prodution", tmp_path)
    assert "'prodution'" in str(caught.value)
    assert "did you mean production?" in str(caught.value)
    assert "production, testing" in str(caught.value)


@pytest.mark.parametrize("name", ["", "../default", "a b", "1a", "a" * 64, "a_b", "default.yaml", "ä", "a\n"])
def test_a_name_that_cannot_be_one_says_the_rule(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeploymentError, match="letters, digits and hyphens"):
        deployment_file(name, tmp_path)


def test_an_error_is_one_object_with_all_problems(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("disk: {size_gib: 1}\nlogs: {retention_days: 2}\n")
    with pytest.raises(DeploymentFileError) as caught:
        load(file)
    assert [problem.path for problem in caught.value.problems] == [("disk", "size_gib"), ("logs", "retention_days")]
    assert [problem.line for problem in caught.value.problems] == [1, 2]
