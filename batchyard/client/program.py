"""Whether Linux can start a file, told from its first bytes (execve(2), "Interpreter scripts")."""

from __future__ import annotations

from pathlib import PurePosixPath

from batchyard.client.errors import InvalidInputError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FOREIGN = {
    b"MZ": "a Windows program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"\xce\xfa\xed\xfe": "a macOS program",
    b"\xca\xfe\xba\xbe": "a macOS program or a Java class",
    b"PK\x03\x04": "a zip (name it .zip to submit it as one)",
    b"\x1f\x8b": "a gzip archive (submit a .zip, or a script that unpacks)",
}
# What a shell would make nonsense of.
_INTERPRETERS = {
    ".py": "/usr/bin/env python3",
    ".r": "/usr/bin/env Rscript",
    ".pl": "/usr/bin/env perl",
    ".rb": "/usr/bin/env ruby",
    ".js": "/usr/bin/env node",
    ".jl": "/usr/bin/env julia",
    ".awk": "/usr/bin/awk -f",
}


def check_program(name: str, head: bytes) -> tuple[str, ...]:
    """Advice about a file that can be started; InvalidInputError for one that cannot. `head`: its first bytes."""
    if not head:
        raise InvalidInputError(f"{name} is empty; there is nothing to run")
    if head.startswith(b"#!"):
        _check_first_line(name, head)
        return ()
    if head.startswith(b"\x7fELF"):
        return ()
    if head.startswith(_BYTE_ORDER_MARK + b"#!"):
        raise InvalidInputError(
            f"{name} begins with a byte order mark, so Linux does not see its #! line: save it as UTF-8 without BOM"
        )
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise InvalidInputError(f"{name} is {kind}; a job runs a script or a Linux program")
    if b"\0" in head:
        raise InvalidInputError(f"{name} is neither a script nor a Linux program (it holds NUL bytes)")
    interpreter = _INTERPRETERS.get(PurePosixPath(name).suffix.lower())
    if interpreter:
        raise InvalidInputError(
            f"{name} has no #! line, so a shell would run it: put `#!{interpreter}` in its first line"
        )
    return (f"{name} has no #! line; bash runs it. Better say so: `#!/usr/bin/env bash` in its first line.",)


def _check_first_line(name: str, head: bytes) -> None:
    line = head.partition(b"\n")[0]
    if line.endswith(b"\r"):
        raise InvalidInputError(
            f"{name} has Windows line ends (CRLF): Linux would look for the interpreter "
            f"{line[2:].decode(errors='replace').strip()!r} with a carriage return in its name. Convert it with "
            f"`sed -i 's/\\r$//'` or `dos2unix`."
        )
    words = line[2:].split()
    if not words:
        raise InvalidInputError(f"{name} has a #! line without an interpreter: `#!/usr/bin/env bash`, for example")
    if not words[0].startswith(b"/"):
        given = words[0].decode(errors="replace")
        raise InvalidInputError(
            f"{name} begins with `#!{given}`: Linux wants the interpreter's path, such as `#!/usr/bin/env {given}`"
        )
