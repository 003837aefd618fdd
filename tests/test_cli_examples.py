"""The example jobs do what the documents say of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from batchyard.toolchain import ROOT


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False)


def test_hello_says_a_line_a_second_and_how_many_primes_it_found() -> None:
    done = run(ROOT / "examples" / "hello.sh", "1")
    assert done.returncode == 0, done.stderr
    _, progress, last = done.stdout.splitlines()
    count = int(progress.split()[2])
    limit = int(progress.split()[-1])
    assert progress.startswith("1 s: ")
    assert count == sum(
        all(number % divisor for divisor in range(2, int(number**0.5) + 1)) for number in range(2, limit + 1)
    )
    assert last.startswith(f"done: {count} primes, the largest is ")


def test_hello_refuses_what_is_no_number_of_seconds() -> None:
    done = run(ROOT / "examples" / "hello.sh", "soon")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'soon' was given" in done.stderr


def test_word_count_counts_the_files_beside_it(tmp_path: Path) -> None:
    script = tmp_path / "word_count.py"
    script.write_bytes((ROOT / "examples" / "word_count.py").read_bytes())
    script.chmod(0o755)
    (tmp_path / "hamlet.txt").write_text("To be, or not to be\n")
    done = run(script, "hamlet.txt")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines == [["hamlet.txt:", "6", "words"], ["2", "to"], ["2", "be"], ["1", "or"], ["1", "not"]]
    missing = run(script, "lear.txt")
    assert missing.returncode == 2
    assert "no such file" in missing.stderr
