"""`scripts/review_diff BASE`: what the templates of every deployment would change since a base revision."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType

from batchyard.review.comparison import DeploymentDifference, compare
from batchyard.review.errors import ReviewError
from batchyard.review.report import Report, markdown, summary, text
from batchyard.review.revisions import commit_of, write_files
from batchyard.review.synthesis import ACCOUNT, REGION, Account, Made, Synthesis
from batchyard.toolchain import ROOT, ToolMissingError

SAME, DIFFERENT, USAGE_ERROR, NOT_COMPARED, INTERRUPTED = 0, 1, 2, 3, 130

_EXIT_CODES = """\
exit codes: 0 compared (with --fail: and nothing differs); 1 with --fail, something differs; 2 a wrong argument, no such
revision; 3 a deployment does not synthesize on one side; 130 interrupted. docs/review.md tells what is marked.
"""

#: What pins the packages that templates are made with.
_PINS = ("requirements.txt", "requirements-node.txt")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; the exit code is one of those above."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        commit = commit_of(ROOT, options.base)
        report = _compared(options.base, commit, Account(options.account, options.region))
    except (ReviewError, ToolMissingError) as error:
        sys.stderr.write(f"review_diff: {error}\n")
        return USAGE_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("review_diff: interrupted\n")
        return INTERRUPTED
    sys.stdout.write(markdown(report) if options.markdown else text(report))
    if options.markdown:
        sys.stderr.write(f"review_diff: {summary(report)}\n")
    if report.failed:
        return NOT_COMPARED
    return DIFFERENT if options.fail and report.differs else SAME


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="review_diff",
        description=__doc__,
        epilog=_EXIT_CODES,
    )
    parser.add_argument("base", metavar="BASE", help="the revision to compare the working tree with, for example main")
    parser.add_argument("--fail", action="store_true", help="end with code 1 where anything differs")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, for a pull request")
    parser.add_argument(
        "--account",
        metavar="ID",
        default=ACCOUNT,
        type=_matching(r"[0-9]{12}", "12 digits"),
        help="make the templates for this account; nothing is asked of it (default: a stand-in)",
    )
    parser.add_argument(
        "--region",
        metavar="REGION",
        default=REGION,
        type=_matching(r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region such as eu-central-1"),
        help=f"make them for this region (default: {REGION})",
    )
    return parser.parse_args(arguments)


def _matching(pattern: str, allowed: str) -> type[str]:
    def checked(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise argparse.ArgumentTypeError(f"{value!r} is not allowed; allowed: {allowed}")
        return value

    return checked  # type: ignore[return-value]  # argparse takes any callable


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _compared(base: str, commit: str, account: Account) -> Report:
    """Synthesize both sides of every deployment and compare them; nothing stays behind, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="batchyard-review-") as temporary:
        folder = Path(temporary)
        before = folder / "base"
        write_files(ROOT, commit, before)
        old, new = _deployments(before), _deployments(ROOT)
        synthesis = Synthesis(account)
        pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1)
        try:
            jobs: dict[tuple[Path, str], Future[Made]] = {
                (side, name): pool.submit(synthesis.make, side, name, folder / output / name)
                for name in sorted({*old, *new})
                for side, names, output in ((before, old, "before"), (ROOT, new, "after"))
                if name in names
            }
            found = [
                _deployment(name, jobs.get((before, name)), jobs.get((ROOT, name)), f"{base} ({commit[:12]})")
                for name in sorted({*old, *new})
            ]
        finally:
            synthesis.stop()
            pool.shutdown(cancel_futures=True)
        return Report(f"{base} ({commit[:12]})", found, _notes(before))


def _deployments(checkout: Path) -> list[str]:
    """The deployments of a checkout, of whatever revision: the names of its files."""
    return sorted(file.stem for file in (checkout / "deployments").glob("*.yaml"))


def _deployment(name: str, before: Future[Made] | None, after: Future[Made] | None, base: str) -> DeploymentDifference:
    old, new = (None if each is None else each.result() for each in (before, after))
    for side, made in ((base, old), ("the working tree", new)):
        if made is not None and made.error:
            return DeploymentDifference(name, "", error=f"it does not synthesize in {side}:\n{made.error}")
    lookups = sorted({lookup for made in (old, new) if made is not None for lookup in made.lookups})
    notes = [
        f"{lookup} is looked up in the account when it is deployed; here stand-ins are compared" for lookup in lookups
    ]
    return compare(name, None if old is None else old.templates, None if new is None else new.templates, notes)


def _notes(before: Path) -> list[str]:
    changed = [name for name in _PINS if _content(before / name) != _content(ROOT / name)]
    if not changed:
        return []
    return [
        f"{' and '.join(changed)} changed, and both sides were made with the packages that are installed here: what a "
        "change of packages does to the templates is not among the differences"
    ]


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
