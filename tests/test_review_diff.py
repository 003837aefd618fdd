"""`scripts/review_diff BASE` as a process, in a copy of the project whose deployments change."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from batchyard.review.comparison import compare
from batchyard.review.report import MARK, Report, markdown, text
from batchyard.toolchain import ROOT

pytestmark = pytest.mark.slow

CHANGED = """
network: {cidr: 172.20.0.0/16}
job_role: {buckets: {reference-data: {read: [genomes/]}}}
"""

LOOKED_UP = "vpc-provider is looked up in the account when it is deployed; here stand-ins are compared"


@dataclass(frozen=True)
class Copy:
    """The project's files as they are now, committed as the only revision of a repository of their own."""

    root: Path
    temporary: Path

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
        return subprocess.run(
            ["git", *who, *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def deployment(self, name: str, content: str) -> None:
        (self.root / "deployments" / f"{name}.yaml").write_text(content)

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "scripts" / "review_diff", *arguments],
            cwd=self.temporary,
            # Credentials that would fail wherever they were used.
            env={**os.environ, "TMPDIR": str(self.temporary), "AWS_ACCESS_KEY_ID": "none", "AWS_PROFILE": "none"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.command(*arguments)
        out, err = process.communicate(timeout=120)
        assert list(self.temporary.iterdir()) == []
        return process.returncode, out, err


def copied(folder: Path, **others: str) -> Copy:
    copy = Copy(folder / "project", folder / "temporary")
    copy.temporary.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy.root / name)
    for file in (copy.root / "deployments").iterdir():
        if file.stem != "default":
            file.unlink()
    for name, content in others.items():
        copy.deployment(name, content)
    copy.git("init", "--quiet", "--initial-branch=main")
    copy.git("add", "--all")
    copy.git("commit", "--quiet", "--message=base")
    for name in (".venv", "node_modules"):
        (copy.root / name).symlink_to(ROOT / name)
    return copy


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copied(tmp_path_factory.mktemp("unchanged"))


def change_default(copy: Copy) -> None:
    default = (copy.root / "deployments" / "default.yaml").read_text()
    copy.deployment("default", default + CHANGED)


def test_what_changes_is_told_and_marked(tmp_path: Path) -> None:
    copy = copied(tmp_path, going="disk: {size_gib: 60}\n")
    (copy.root / "deployments" / "going.yaml").unlink()
    copy.deployment("coming", "network: {vpc_id: vpc-0123456789abcdef0}\n")
    change_default(copy)
    code, out, err = copy.run("main")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "! [~] AWS::EC2::VPC NetworkVpc: replaced, because of CidrBlock" in lines
    assert "        CidrBlock: 10.0.0.0/16 -> 172.20.0.0/16" in lines
    wider = [line for line in lines if "wider permission: JobRole may" in line and "reference-data" in line]
    assert wider
    assert all(line.startswith("! ") for line in wider)
    assert "coming: the deployment is added" in lines
    assert f"  note: {LOOKED_UP}" in lines
    assert "going: the deployment is removed" in lines
    assert [line for line in lines if line.startswith("! [-] AWS::S3::Bucket ")]
    assert lines[-1].startswith(f"3 of 3 deployments differ from main ({copy.git('rev-parse', 'main')[:12]}); ")
    assert copy.git("status", "--short", "--untracked-files=no") == " M deployments/default.yaml\n" + (
        " D deployments/going.yaml\n"
    )


def test_markdown_has_what_is_marked_in_sight_and_the_code_says_that_something_differs(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    change_default(copy)
    code, out, err = copy.run("main", "--markdown", "--fail")
    assert code == 1
    assert err.startswith("review_diff: 1 of 1 deployments differ from main")
    assert out.startswith(MARK)
    seen, _, folded = out.partition("<details>")
    assert "default: [~] AWS::EC2::VPC NetworkVpc: replaced, because of CidrBlock" in seen
    assert "CidrBlock: 10.0.0.0/16 -> 172.20.0.0/16" in folded


def test_without_a_change_nothing_differs(unchanged: Copy) -> None:
    code, out, err = unchanged.run("HEAD", "--fail")
    assert (code, err) == (0, "")
    assert out.startswith("default: no difference\n0 of 1 deployments differ from HEAD")


def test_an_unknown_revision_is_one_clear_error(unchanged: Copy) -> None:
    code, out, err = unchanged.run("no-such-branch")
    assert (code, out) == (2, "")
    assert err.startswith("review_diff: 'no-such-branch' is no revision of the repository ")
    code, _, err = unchanged.run("--", "--upload-pack=evil")
    assert code == 2
    assert "is no revision" in err


def test_a_base_that_does_not_synthesize_is_told(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    copy.deployment("default", "disk: {size_gib: -1}\n")
    copy.git("commit", "--quiet", "--all", "--message=broken")
    copy.deployment("default", "{}\n")
    code, out, err = copy.run("HEAD")
    assert (code, err) == (3, "")
    assert out.startswith("! default: it does not synthesize in HEAD (")
    assert "size_gib" in out
    assert "Traceback" not in out
    assert out.splitlines()[-1].endswith("; 1 could not be compared")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_processes_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    copy = copied(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # A synthesis that says that it runs, and then never ends: the pipe closes when its process does.
    copy.root.joinpath("app.py").write_text(f"import signal\nfile = open({str(pipe)!r}, 'w')\nsignal.pause()\n")
    process = copy.command("HEAD")
    with pipe.open() as running:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert running.read() == ""
    assert (process.returncode, out, err) == (130, "", "review_diff: interrupted\n")
    assert list(copy.temporary.iterdir()) == []


@pytest.mark.parametrize("write", [text, markdown])
def test_a_report_hides_nothing_and_cannot_be_broken_out_of(write: Callable[[Report], str]) -> None:
    def template(description: str) -> dict[str, dict[str, object]]:
        group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": description}}
        return {"Stack": {"Resources": {"Group": group}}}

    report = Report("main", [compare("default", template("plain"), template("```\n\x1b[2K\u202e</details>"))])
    said = write(report)
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\\x1b[2K\\u202e" in said
    if write is markdown:
        assert "````text" in said
