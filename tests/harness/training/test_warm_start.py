"""The supervised warm start, from the cache where it was made before."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.state import cache
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training import warm_start
from tests.harness.small_runs import config, same

pytestmark = pytest.mark.usefixtures("empty_cache")
WARM = {"steps": 3, "batch": 4}


def start(**sections: Any) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    settings = config(**({"warm_start": WARM} | sections))
    model, _, facts = warm_start.base_model(settings, build(plugins.TASKS, settings.task))
    assert all(p.grad is None for p in model.parameters())
    return model.state_dict(), facts


def test_no_steps_touch_neither_weights_nor_cache() -> None:
    (one, facts), (two, _) = (start(warm_start={}) for _ in range(2))
    assert same(one, two)
    assert facts == {}
    assert not cache.cache_root().exists()


def test_the_second_one_comes_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first, facts = start()
    monkeypatch.setattr(warm_start, "_train", lambda *_: pytest.fail("trained again"))
    second, same_facts = start(algorithm={"name": "ppo"}, seed=7, train={"lr": 0.5})
    assert same(first, second)
    assert facts == same_facts
    assert facts["steps"] == 3


@pytest.mark.parametrize(
    "change",
    [{"warm_start": WARM | {"seed": 1}}, {"warm_start": WARM | {"noise": 0.1}}, {"warm_start": WARM | {"habit": 0.1}},
     {"task": {"missing_every": 9}},
     {"model": {"dtype": "bfloat16"}}, {"model": {"name": "tiny:32x1"}}],
    ids=str,
)  # fmt: skip
def test_what_it_depends_on_is_in_the_key(change: dict[str, Any]) -> None:
    one, other = config(warm_start=WARM), config(**({"warm_start": WARM} | change))
    assert warm_start.warm_start_key(one, {"a": "1"}) != warm_start.warm_start_key(other, {"a": "1"})


def test_what_it_reads_is_in_the_key() -> None:
    settings = config(warm_start=WARM)
    assert warm_start.warm_start_key(settings, {"a": "1"}) != warm_start.warm_start_key(settings, {"a": "2"})


def test_it_learns_the_demonstrations() -> None:
    """Answers without noise are one token of two: the loss falls well below that of 103 alike, log 103 = 4.6."""
    _, facts = start(warm_start={"steps": 30, "batch": 8, "noise": 0.0, "lr": 2e-2})
    assert facts["final_loss"] < 1.0


def test_the_rate_falls_to_zero_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = TorchEngine.step
    monkeypatch.setattr(
        TorchEngine, "step", lambda self, lr, max_norm: rates.append(lr) or step(self, lr=lr, max_norm=max_norm)
    )
    start(warm_start=WARM | {"steps": 4, "lr": 0.8})
    assert rates == pytest.approx([0.8, 0.6, 0.4, 0.2])


def test_demonstrations_are_the_seeds() -> None:
    settings = [config(warm_start=WARM | {"seed": seed}) for seed in (1, 1, 2)]
    tokenizer = warm_start.load_base(settings[0].model, seed=0)[1]
    found = [
        [ids.tolist() for ids, _ in warm_start._batches(tokenizer, build(plugins.TASKS, s.task), s)] for s in settings
    ]
    assert found[0] == found[1] != found[2]
    assert len(found[0]) == 3 and all(len(ids) == 4 for ids in found[0])


class FromTrain:
    """Items of the training split and of no other."""

    def size(self, split: str) -> int | None:
        assert split == "train"
        return None

    def item(self, split: str, index: int) -> Item:
        assert split == "train"
        self.asked += 1
        return Item(f"train/{index}", "odd 1:", 1)

    def demonstration(self, item: Item, *, noise: float, habit: float, seed: int) -> str:
        return "a"

    asked = 0


def test_demonstrations_are_of_the_training_split() -> None:
    settings, task = config(warm_start=WARM), FromTrain()
    tokenizer = warm_start.load_base(settings.model, seed=0)[1]
    assert len(list(warm_start._batches(tokenizer, cast(Task, task), settings))) == 3
    assert task.asked == 12


def test_only_the_completion_is_learned() -> None:
    settings = config(warm_start=WARM)
    task = build(plugins.TASKS, settings.task)
    _, tokenizer = warm_start.load_base(settings.model, seed=0)
    for ids, labels in warm_start._batches(tokenizer, task, settings):
        for row, wanted in zip(ids.tolist(), labels.tolist(), strict=True):
            text = "".join(tokenizer.convert_ids_to_tokens(row)).replace("<pad>", "")
            prompt, _, answer = text.partition(":")
            assert answer in ("a<eos>", "b<eos>")
            start_at = len(prompt) + 1
            assert wanted == [-100] * start_at + row[start_at : start_at + 2] + [-100] * (len(row) - start_at - 2)
