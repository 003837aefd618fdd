"""How golden templates are written, compared and accepted; test_deployments_sound.py compares the deployments' own."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from batchyard.toolchain import CONTAINER
from tests.support.golden import CONTEXT, MOST_LINES, accept, accepted, golden, unaccepted

SCRIPT = "#!/bin/bash\nset -eu\n\tmkdir /scratch  \n\n# é: no\n"
ODD = [
    SCRIPT,
    "\n leading",
    "trailing\n\n",
    "a: b",
    "- c",
    "no",
    "017",
    "1e3",
    "",
    " ",
    "#",
    "'",
    '"',
    "\x1b[2K\n",
    "…",
]


def template(**queue: Any) -> dict[str, Any]:
    others = {f"Bucket{number}": {"Type": "AWS::S3::Bucket"} for number in range(10)}
    return {"Resources": {"Queue": {"Type": "AWS::Batch::JobQueue", "Properties": queue}, **others}}


def test_a_golden_file_says_all_that_the_template_says() -> None:
    made = {"Odd": ODD, "Numbers": [1, 1.5, "1", True, "true", None, {}, []], "Twice": [shared := {"a": 1}, shared]}
    written = golden(made)
    assert YAML(typ="safe", pure=True).load(written) == made
    assert "&" not in written


def test_a_script_in_it_is_lines_and_the_order_of_keys_is_no_difference() -> None:
    assert "\n    set -eu\n" in golden({"Resources": {"UserData": "#!/bin/bash\nset -eu\n"}})
    assert golden(template(Priority=1, State="ENABLED")) == golden(template(State="ENABLED", Priority=1))
    assert golden(template(Order=[1, 2])) != golden(template(Order=[2, 1]))


def test_hashes_of_files_that_are_reviewed_elsewhere_are_no_difference_and_other_hashes_are() -> None:
    runner = sha256((CONTAINER / "fetch_and_run.sh").read_bytes()).hexdigest()
    asset = "s3://cdk-hnb659fds-assets-123456789012-us-east-1/{}.sh"
    assert runner not in golden(template(Sha256=runner))
    assert golden(template(Url=asset.format("a" * 64))) == golden(template(Url=asset.format("b" * 64)))
    assert golden(template(Sha256="a" * 64)) != golden(template(Sha256="b" * 64))


def test_a_difference_is_told_with_its_resource_and_with_the_command_that_accepts_it() -> None:
    before, after = golden(template(Priority=1)), golden(template(Priority=1000))
    lines = unaccepted({"Stack": before}, {"Stack": after}).splitlines()
    assert lines[0] == "The template of the stack Stack is not the accepted one, tests/golden/Stack.yaml:"
    (hunk,) = [line for line in lines if line.startswith("@@")]
    assert hunk.endswith("@@ Queue")
    assert [line for line in lines[3:] if line.startswith(("-", "+"))] == [
        "-      Priority: 1",
        "+      Priority: 1000",
    ]
    assert len([line for line in lines if line.startswith("  ")]) <= 2 * CONTEXT
    assert "run `make golden` and commit tests/golden" in lines[-1]


def test_no_difference_is_told_where_there_is_none() -> None:
    assert unaccepted({"Stack": "same"}, {"Stack": "same"}) == ""


def test_a_new_stack_and_one_that_is_gone_are_differences() -> None:
    told = unaccepted({"Gone": "x"}, {"New": "y"})
    assert "tests/golden/Gone.yaml: there is no stack Gone any more" in told
    assert "tests/golden/New.yaml does not exist" in told


def test_a_long_difference_is_cut_and_says_where_the_rest_is() -> None:
    told = unaccepted({"Stack": ""}, {"Stack": "\n".join(map(str, range(1000)))})
    assert len(told.splitlines()) < MOST_LINES + 10
    assert "`git diff tests/golden/Stack.yaml` shows all after `make golden`" in told


def test_what_is_accepted_is_what_is_read_again(tmp_path: Path) -> None:
    assert accept({"A": "a\n", "B": "b\n"}, tmp_path) == [f"{tmp_path}/A.yaml: new", f"{tmp_path}/B.yaml: new"]
    assert accept({"A": "a\n", "C": "c\n"}, tmp_path) == [
        f"{tmp_path}/B.yaml: removed, with its stack",
        f"{tmp_path}/C.yaml: new",
    ]
    assert accept({"A": "other\n", "C": "c\n"}, tmp_path) == [f"{tmp_path}/A.yaml: changed"]
    assert accepted(tmp_path) == {"A": "other\n", "C": "c\n"}
    assert accept({"A": "other\n", "C": "c\n"}, tmp_path) == []
