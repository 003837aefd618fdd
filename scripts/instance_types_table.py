#!/usr/bin/env python3
"""Write batchyard/settings/instance_types.csv: the EC2 instance types that run Linux, and their prices.

.venv/bin/python scripts/instance_types_table.py [--check] [--prices FILE] [--more FILE]

What a type has is EC2's own answer to DescribeInstanceTypes, which the installed moto carries. Prices and types that
moto does not know stay as the table has them, unless files of github.com/aws/karpenter-provider-aws are named:
    --prices pkg/providers/pricing/zz_generated.pricing_aws.go
    --more website/content/en/v1.0/reference/instance-types.md (of 2024: types that AWS retires or has in few regions)
`--check` only tells whether the table is up to date.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.settings.instance_types import (  # noqa: E402 - the checkout is not always installed
    PRICES_FROM,
    TABLE,
    InstanceType,
    known,
    priced_on,
)

HEAD = """\
# EC2 instance types that run Linux; made by scripts/instance_types_table.py, which says from what.
{prices}{date}: on demand, Linux, us-east-1, from github.com/aws/karpenter-provider-aws; empty: not sold there.
"""

COLUMNS: tuple[tuple[str, Callable[[InstanceType], object]], ...] = (
    ("name", lambda each: each.name),
    ("vcpus", lambda each: each.vcpus),
    ("memory_mib", lambda each: each.memory_mib),
    ("architecture", lambda each: each.architecture),
    ("gpus", lambda each: each.gpus or ""),
    ("gpu_model", lambda each: each.gpu_model),
    ("gpu_memory_mib", lambda each: each.gpu_memory_mib or ""),
    ("instance_store_gb", lambda each: each.instance_store_gb or ""),
    ("instance_store_nvme", lambda each: "nvme" if each.instance_store_nvme else ""),
    ("usd_per_hour", lambda each: "" if each.usd_per_hour is None else f"{each.usd_per_hour:.6f}".rstrip("0")),
)


def described(answer: dict[str, Any]) -> InstanceType | None:
    """One type from EC2's answer; None for a Mac."""
    architectures = {"x86_64", "arm64"} & set(answer["ProcessorInfo"]["SupportedArchitectures"])
    if not architectures:
        return None
    gpus = answer.get("GpuInfo", {}).get("Gpus", [])
    store = answer.get("InstanceStorageInfo", {})
    return InstanceType(
        name=answer["InstanceType"],
        vcpus=answer["VCpuInfo"]["DefaultVCpus"],
        memory_mib=answer["MemoryInfo"]["SizeInMiB"],
        architecture=architectures.pop(),
        gpus=sum(each["LogicalGpuCount"] for each in gpus),
        gpu_model=f"{gpus[0]['Manufacturer']} {gpus[0]['Name']}" if gpus else "",
        gpu_memory_mib=gpus[0]["MemoryInfo"]["SizeInMiB"] if gpus else 0,
        instance_store_gb=store.get("TotalSizeInGB", 0),
        instance_store_nvme=store.get("NvmeSupport") == "required",
        usd_per_hour=None,
    )


def of_moto() -> Iterator[InstanceType]:
    """The types that the installed moto describes."""
    packed = (files("moto") / "ec2" / "resources" / "instance_types.json.gz").read_bytes()
    yield from filter(None, map(described, json.loads(gzip.decompress(packed)).values()))


MANUFACTURERS = {"nvidia": "NVIDIA", "amd": "AMD", "habana": "Habana"}


def of_page(page: str) -> Iterator[InstanceType]:
    """The types that Karpenter's page of instance types lists, each a heading and a table of labels."""
    for name, section in re.findall(r"^### `(\S+)`\n(.*?)(?=^### |^## |\Z)", page, re.MULTILINE | re.DOTALL):
        labels = dict(re.findall(r"\|(?:karpenter\.k8s\.aws/instance-|kubernetes\.io/)([a-z-]+)\|([^|]+)\|", section))
        maker = labels.get("gpu-manufacturer", "")
        yield InstanceType(
            name=name,
            vcpus=int(labels["cpu"]),
            memory_mib=int(labels["memory"]),
            architecture={"amd64": "x86_64", "arm64": "arm64"}[labels["arch"]],
            gpus=int(labels.get("gpu-count", 0)),
            gpu_model=f"{MANUFACTURERS[maker]} {labels['gpu-name'].upper()}" if maker else "",
            gpu_memory_mib=int(labels.get("gpu-memory", 0)),
            instance_store_gb=int(labels.get("local-nvme", 0)),
            instance_store_nvme="local-nvme" in labels,
            usd_per_hour=None,
        )


def of_prices(source: str) -> tuple[str, dict[str, float | None]]:
    """The day on which Karpenter's prices were read, and those of us-east-1 by type."""
    day = re.search(r"generated at (\d{4}-\d\d-\d\d)", source)
    region = re.search(r'"us-east-1": \{(.*?)\n\t\}', source, re.DOTALL)
    if day is None or region is None:
        raise SystemExit("The file of prices has no date or no us-east-1: is it zz_generated.pricing_aws.go?")
    return day[1], {name: float(usd) for name, usd in re.findall(r'"([^"]+)": ([0-9.]+)', region[1])}


def table(day: str, types: dict[str, InstanceType]) -> str:
    """The file's text: one line a type, by name, with numbers in their order."""
    lines = [",".join(title for title, _ in COLUMNS)]
    lines += [",".join(str(cell(types[name])) for _, cell in COLUMNS) for name in sorted(types, key=_by_number)]
    return HEAD.format(prices=PRICES_FROM, date=day) + "\n".join(lines) + "\n"


def _by_number(name: str) -> tuple[str, list[tuple[int, str]]]:
    family, _, size = name.partition(".")
    return family, [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", size)]


def made(prices: Path | None, more: Path | None) -> str:
    """The table anew."""
    present = dict(known()) if TABLE.exists() else {}
    types = dict(present)
    if more is not None:
        types |= {each.name: each for each in of_page(more.read_text())}
    types |= {each.name: each for each in of_moto()}
    if prices is None:
        day, usd = priced_on().isoformat(), {name: each.usd_per_hour for name, each in present.items()}
    else:
        day, usd = of_prices(prices.read_text())
    return table(day, {name: replace(each, usd_per_hour=usd.get(name)) for name, each in types.items()})


def main() -> int:
    """Write or check; exit code 1 where a check finds an old table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--prices", type=Path)
    parser.add_argument("--more", type=Path)
    options = parser.parse_args()
    text = made(options.prices, options.more)
    if TABLE.exists() and TABLE.read_text() == text:
        return 0
    if options.check:
        print(f"{TABLE} is not what moto describes: run scripts/instance_types_table.py", file=sys.stderr)
        return 1
    TABLE.write_text(text)
    print(f"wrote {TABLE}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
