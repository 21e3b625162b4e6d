"""Seeds: each purpose its own stream, the same in every process, and a run's seed changes the run."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import torch

from rlvr_bench.harness.seeding import derive_seed, generator
from tests.harness.small_runs import config, metrics, run, same, weights


def test_a_seed_is_the_first_63_bits_of_the_hash() -> None:
    digest = int(hashlib.sha256(b"(1, 'minibatches', 2)").hexdigest(), 16)
    assert derive_seed(1, "minibatches", 2) == digest >> 193  # 256 - 63


def test_neighbors_share_no_seed() -> None:
    parts = itertools.product(range(12), ("rollout", "minibatches"), range(12))
    seeds = {derive_seed(*p) for p in parts}
    assert len(seeds) == 12 * 2 * 12
    assert max(seeds) < 2**63
    assert derive_seed(1, 23) != derive_seed(12, 3)  # not the digits in a row
    assert derive_seed("1") != derive_seed(1)


def test_another_process_derives_the_same_seed() -> None:
    code = "from rlvr_bench.harness.seeding import derive_seed; print(derive_seed(3, 'prompts'))"
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) == derive_seed(3, "prompts")


def test_a_generator_is_of_its_purpose_alone() -> None:
    first = torch.rand(4, generator=generator("cpu", 1, "rollout"))
    torch.rand(100)  # the global stream plays no part
    assert torch.equal(first, torch.rand(4, generator=generator("cpu", 1, "rollout")))
    assert not torch.equal(first, torch.rand(4, generator=generator("cpu", 2, "rollout")))


def test_the_seed_of_a_run_changes_the_run_and_nothing_else_does(tmp_path: Path) -> None:
    one, again, other = (run(config(seed=s), tmp_path / n) for n, s in (("one", 1), ("again", 1), ("other", 2)))
    assert same(weights(one), weights(again))
    assert metrics(tmp_path / "one") == metrics(tmp_path / "again")
    assert not same(weights(one), weights(other))
    assert metrics(tmp_path / "one") != metrics(tmp_path / "other")
