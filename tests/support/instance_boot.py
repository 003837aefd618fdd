"""The boot of an instance, as far as it can be had here: its user data really run, with its paths under a folder."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from batchyard.toolchain import CONTAINER
from tests.support.synthesis import properties, stand_in_s5cmd, template

METADATA, S3 = "http://169.254.169.254", "https://s3.us-east-1.amazonaws.com"
#: What the files are that the settings' instances fetch.
SOURCES = {"fetch_and_run.sh": CONTAINER / "fetch_and_run.sh", "s5cmd": stand_in_s5cmd("amd64")}


def resolved(value: Any) -> str:
    """A value of the template as CloudFormation would make it, with Fn::Base64 left out."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(map(resolved, argument[1]))
    if function == "Fn::Sub":
        return str(argument).replace("${AWS::URLSuffix}", "amazonaws.com")
    assert function == "Fn::Base64"
    return resolved(argument)


@cache
def _script(settings: str) -> str:
    data = properties(template(json.loads(settings)), "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    parts = resolved(data["UserData"]).split("Content-Transfer-Encoding: base64\n\n")
    (found,) = [part for part in parts if "fetch_and_run.sh" in part]
    return found.rpartition("\n--")[0]


def script(settings: dict[str, Any]) -> str:
    """The part of the instances' user data that is about the runner."""
    return _script(json.dumps(settings))


def files(text: str) -> list[list[str]]:
    """Machine, name, hash, URL of each file."""
    return [line.split() for line in text.partition("FILES='")[2].partition("'")[0].splitlines()]


CURL = """#!/bin/bash
stdin=; [[ -t 0 || " $* " != *" - "* && " $* " != *" @- "* ]] || stdin=$(cat)
url=; for word in "$@"; do [[ $word != http* ]] || url=$word; done
echo "$*" >>"$PLACE/arguments"
case $url in
  */latest/api/token) echo -n TOKEN ;;
  */security-credentials/) [[ $stdin == "X-aws-ec2-metadata-token: TOKEN" ]] && echo role ;;
  */security-credentials/role)
    printf '{\\n  "AccessKeyId" : "AKID",\\n  "SecretAccessKey" : "SECRET/+",\\n  "Token" : "SESSION=="\\n}\\n' ;;
  https://s3.us-east-1.amazonaws.com/*)
    [[ $stdin == *'user = "AKID:SECRET/+"'*'x-amz-security-token: SESSION=='*'aws:amz:us-east-1:s3'* ]] || exit 3
    while [[ $1 != --output ]]; do shift; done
    echo x >>"$PLACE/fetched"
    if [[ $(wc -l <"$PLACE/fetched") -le $REFUSALS ]]; then echo "curl: (22) 503" >&2; exit 22; fi
    cp "$PLACE/served/${url##*/}" "$2" ;;
  *) exit 6 ;;
esac
"""


@dataclass(frozen=True)
class Instance:
    """What stands for an instance: its folders, and programs that answer as its would."""

    place: Path

    @property
    def folder(self) -> Path:
        """What jobs get mounted."""
        return self.place / "runner" / "bin"

    def boot(
        self, settings: dict[str, Any], machine: str = "x86_64", refusals: int = 0, endpoint: str | None = None
    ) -> int:
        """Run the rendered script, with this instance's paths; its exit code.

        With `endpoint`, the URL of a server that stands for the metadata service and S3, curl is the real one;
        otherwise a program that answers for both, but for the first `refusals` requests to S3.
        """
        text = script(settings)
        programs = {
            "sleep": "#!/bin/bash\n",
            "uname": f"#!/bin/bash\necho {machine}\n",
            "systemctl": '#!/bin/bash\necho "$*" >>"$PLACE/systemctl"\n',
            **({} if endpoint else {"curl": CURL}),
        }
        for name, content in programs.items():
            (self.place / "path").mkdir(exist_ok=True)
            (self.place / "path" / name).write_text(content)
            (self.place / "path" / name).chmod(0o755)
        (self.place / "served").mkdir(exist_ok=True)
        for _, name, _, url in files(text):
            target = self.place / "served" / url.rpartition("/")[2]
            if not target.exists():
                target.write_bytes(SOURCES[name].read_bytes())
        replaced = {
            "/opt/batchyard": str(self.place / "runner"),
            "/etc/systemd": str(self.place / "systemd"),
            "/dev/console": str(self.place / "console"),
            **({METADATA: endpoint, S3: endpoint} if endpoint else {}),
        }
        for original, here in replaced.items():
            assert original in text
            text = text.replace(original, here)
        done = subprocess.run(
            ["/bin/bash"],
            input=text,
            text=True,
            env={
                "PATH": f"{self.place}/path:{os.environ['PATH']}",
                "PLACE": str(self.place),
                "REFUSALS": str(refusals),
            },
            check=False,
            timeout=60,
        )
        return done.returncode

    def read(self, name: str) -> str:
        """A file of this instance."""
        return (self.place / name).read_text()

    def agent_starts(self) -> bool:
        """Whether the condition of the agent's service holds, by running it."""
        lines = self.read("systemd/system/ecs.service.d/batchyard-runner.conf").splitlines()
        assert lines[0] == "[Service]"
        (command,) = [line.removeprefix("ExecStartPre=") for line in lines[1:]]
        return subprocess.run(command.split(), capture_output=True, check=False).returncode == 0

    def contents(self) -> Mapping[str, bytes]:
        """The files that are there."""
        return {each.name: each.read_bytes() for each in self.folder.iterdir()}
