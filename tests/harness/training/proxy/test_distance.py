"""The exact KL: at each visited position the divergence of the two whole distributions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models import scoring
from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.training.loop import Trainer
from rlvr_bench.harness.training.proxy import distance
from rlvr_bench.harness.training.proxy.distance import exact_kl
from tests.harness.small_runs import CPU, config, metrics, run
from tests.tolerance import assert_close

NAME = "train/exact_kl_to_reference"
FAST = {"steps": 3, "lr": 3e-2}


def trained(settings: RunConfig, folder: Path) -> tuple[Policy, Policy, Rollout]:
    """A policy after some steps, its reference, and completions of it."""
    with Recorder(CPU) as meter, Trainer(settings, folder, meter) as trainer:
        trainer.run()
        rollout = trainer.collector.collect(9, meter).rollout
    reference = trainer.models.by_role["reference"]
    assert isinstance(reference, Policy)
    return trainer.models.actor, reference, rollout


def loop(policy: Policy, reference: Policy, rollout: Rollout, temperature: float, min_tokens: int) -> torch.Tensor:
    """Each completion alone through the models' own forward pass, each position's distributions in float64."""
    found = torch.zeros(rollout.response_mask.shape, dtype=torch.float64)
    for i, length in enumerate(rollout.response_mask.sum(1).tolist()):
        ids = torch.cat([rollout.prompt_ids[i][rollout.prompt_mask[i]], rollout.completion_ids[i, :length]])
        tables = []
        for model in (policy, reference):
            with torch.no_grad():
                logits = model.lm(input_ids=ids[None]).logits[0, -length - 1 : -1].double()
            logits[:min_tokens, list(model.ends)] = -torch.inf
            tables.append(torch.softmax(logits / temperature, dim=-1))
        p, q = tables
        found[i, :length] = torch.where(p > 0, p * (p / q).log(), 0.0).sum(-1)
    return found


@pytest.mark.parametrize(("temperature", "min_tokens"), [(1.0, 0), (0.7, 2)])
def test_it_is_that_of_a_loop_over_completions(
    temperature: float, min_tokens: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(train=FAST, rollout={"temperature": temperature, "min_tokens": min_tokens})
    policy, reference, rollout = trained(settings, tmp_path)
    expected = loop(policy, reference, rollout, temperature, min_tokens)
    assert float(expected.max()) > 0.01
    found = exact_kl(policy, reference, rollout, temperature=temperature)
    assert_close(expected.float(), found)
    monkeypatch.setattr(distance, "CHUNK_LOGITS", 300)  # two positions of 103 logits at a time
    assert_close(found, exact_kl(policy, reference, rollout, temperature=temperature))
    assert scoring.CHUNK_LOGITS > 300


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_a_run_records_it_for_any_algorithm_at_no_cost_of_the_step(algorithm: str, tmp_path: Path) -> None:
    settings = {"algorithm": {"name": algorithm, "kl_coef": 0.1}, "train": FAST}
    with_it, without = (
        (run(config(**settings, measure={"exact_kl": on}), tmp_path / str(on)), metrics(tmp_path / str(on)))[1]
        for on in (True, False)
    )
    values = [row.pop(NAME) for row in with_it]
    assert values[0] == pytest.approx(0, abs=1e-6) and values[-1] > 1e-3
    assert with_it == without  # nothing else changes


def test_its_passes_are_not_counted(tmp_path: Path) -> None:
    from rlvr_bench.harness.records import read_metrics

    for on in (True, False):
        run(config(measure={"exact_kl": on}), tmp_path / str(on))
    flops = [[row["cost/flops"] for row in read_metrics(tmp_path / str(on) / "metrics.jsonl")] for on in (True, False)]
    assert flops[0] == flops[1]


def test_without_a_reference_there_is_none(tmp_path: Path) -> None:
    run(config(algorithm={"name": "grpo", "kl_coef": 0.0}, measure={"exact_kl": True}), tmp_path)
    assert all(NAME not in row for row in metrics(tmp_path))


def test_it_is_computed_in_one_process() -> None:
    with pytest.raises(ConfigError, match=r"measure\.exact_kl: it is computed in one process"):
        config(measure={"exact_kl": True}, train={"engine": "deepspeed"})
