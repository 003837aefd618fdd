"""The table of instance types: it is what the installed moto describes, and Batch's words mean rows of it."""

from __future__ import annotations

import datetime
import subprocess
import sys

import pytest

from batchyard.settings.instance_types import CLASSES, families, known, meant, priced_on
from batchyard.toolchain import ROOT


def test_the_table_is_what_the_installed_moto_describes() -> None:
    maker = [sys.executable, str(ROOT / "scripts" / "instance_types_table.py"), "--check"]
    found = subprocess.run(maker, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("name", "vcpus", "memory_mib", "architecture"),
    [
        ("m6i.large", 2, 8_192, "x86_64"),
        ("c7g.16xlarge", 64, 131_072, "arm64"),
        ("r6i.32xlarge", 128, 1_048_576, "x86_64"),
        ("c1.medium", 2, 1_740, "x86_64"),
    ],
)
def test_what_a_type_has(name: str, vcpus: int, memory_mib: int, architecture: str) -> None:
    found = known()[name]
    assert (found.vcpus, found.memory_mib, found.architecture) == (vcpus, memory_mib, architecture)
    assert (found.gpus, found.instance_store_gb) == (0, 350 if name == "c1.medium" else 0)


def test_gpus_and_instance_store_disks() -> None:
    large, slice_of_one, old = known()["p4d.24xlarge"], known()["g6f.large"], known()["c3.8xlarge"]
    assert (large.gpus, large.gpu_model, large.gpu_memory_mib) == (8, "NVIDIA A100", 40_960)
    assert (large.instance_store_gb, large.instance_store_nvme) == (8_000, True)
    assert (slice_of_one.gpus, slice_of_one.gpu_model) == (1, "NVIDIA L4")
    assert (old.instance_store_gb, old.instance_store_nvme) == (640, False)


def test_a_family_is_all_its_sizes_but_bare_metal_smallest_first() -> None:
    assert [each.name for each in meant("c5")] == [
        "c5.large",
        "c5.xlarge",
        "c5.2xlarge",
        "c5.4xlarge",
        "c5.9xlarge",
        "c5.12xlarge",
        "c5.18xlarge",
        "c5.24xlarge",
    ]
    assert [each.name for each in meant("c5.metal")] == ["c5.metal"]


@pytest.mark.parametrize("word", CLASSES)
def test_a_class_is_its_families_all_of_one_architecture_and_with_a_price(word: str) -> None:
    found = meant(word)
    assert {each.family for each in found} == set(CLASSES[word])
    assert {each.architecture for each in found} == {"arm64" if word == "default_arm64" else "x86_64"}
    assert all(each.usd_per_hour for each in found)


def test_a_word_that_is_not_in_the_table_means_nothing() -> None:
    assert meant("m99x") == meant("m6i.3xlarge") == ()


def test_burstable_families_are_told_from_trainium() -> None:
    burstable = {name for name, types in families().items() if types[0].burstable}
    assert {"t2", "t3", "t3a", "t4g"} <= burstable
    assert "trn1" in families()
    assert "trn1" not in burstable


def test_prices_have_a_day() -> None:
    assert datetime.date(2026, 1, 1) < priced_on() <= datetime.date.today()
    assert known()["m6i.large"].usd_per_hour == pytest.approx(0.096)
