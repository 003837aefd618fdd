#!/usr/bin/env python3
"""Print the most frequent words of text files that lie beside this script, or of its own text.

Usage: word_count.py [FILE]...
"""

from __future__ import annotations

import collections
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MOST = 5


def main(names: list[str]) -> int:
    """Count the words of these files; the exit code."""
    files = [HERE / name for name in names] or [Path(__file__)]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        print(f"word_count.py: no such file: {', '.join(missing)}", file=sys.stderr)
        return 2
    words: collections.Counter[str] = collections.Counter()
    for file in files:
        found = re.findall(r"[a-z]+", file.read_text(encoding="utf-8").lower())
        words.update(found)
        print(f"{file.name}: {len(found)} words", flush=True)
    for word, count in words.most_common(MOST):
        print(f"{count:6} {word}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
