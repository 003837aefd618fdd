"""The command `batchyard`."""

from __future__ import annotations

import sys

from batchyard.cli import streams

_USAGE_ERROR = 2


def main() -> None:
    """Run the command line."""
    with streams.written_out():
        given = streams.undecodable(sys.argv[1:])
        if given is not None:
            streams.tell(
                f"the argument {given!r} is not text in UTF-8. If it names a file, rename the file. Nothing was done."
            )
            sys.exit(_USAGE_ERROR)
        try:
            # Only here: it takes a tenth of a second, in which Ctrl-C may come.
            from batchyard.cli.commands import app
        except KeyboardInterrupt:
            streams.tell("interrupted; nothing was done.")
            sys.exit(streams.INTERRUPTED)
        app()
