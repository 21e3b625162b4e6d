"""Nested states come back as they were, without anything that is executed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from rlvr_bench.harness.engines.optim import make_optimizer
from rlvr_bench.harness.engines.state_files import load_states, load_trained, save_states, trained_state


def test_nested_values_come_back(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, (True, "x")], 3: {"b": torch.arange(3), "empty": torch.zeros(0)}, "none": []}
    save_states(value, tmp_path / "s")
    found = load_states(tmp_path / "s")
    assert found["a"] == [1, 2.5, None, (True, "x")] and found["none"] == []
    assert found[3]["b"].tolist() == [0, 1, 2] and found[3]["empty"].shape == (0,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.json", "s.safetensors"]


def test_tied_weights_are_written_once(tmp_path: Path) -> None:
    weight = torch.arange(1000.0)
    save_states({"one": weight, "two": weight, "other": weight.clone()}, tmp_path / "s")
    assert (tmp_path / "s.safetensors").stat().st_size < 2.2 * 4000
    assert all(torch.equal(weight, tensor) for tensor in load_states(tmp_path / "s").values())


def test_an_optimizer_goes_on_from_them(tmp_path: Path) -> None:
    for dtype in (torch.float32, torch.bfloat16):
        models = [nn.Linear(3, 2).to(dtype) for _ in range(2)]
        models[1].load_state_dict(models[0].state_dict())
        one, two = (make_optimizer(model) for model in models)
        for step in range(4):
            if step == 2:
                save_states(one.state_dict(), tmp_path / "optimizer")
                two = make_optimizer(models[1])
                models[1].load_state_dict(models[0].state_dict())
                two.load_state_dict(load_states(tmp_path / "optimizer"))
            for model in models:
                for p in model.parameters():
                    p.grad = torch.full_like(p, 1.0 + step)
            one.step()
            two.step()
        assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


def half_frozen(value: float) -> nn.Module:
    module = nn.ModuleDict({"base": nn.Linear(2, 2), "own": nn.Linear(2, 1)})
    for parameter in module.parameters():
        nn.init.constant_(parameter, value)
    module["base"].requires_grad_(False)
    return module


def test_what_is_trained_is_kept_and_put_back_on_what_is_not() -> None:
    one, other = half_frozen(1.0), half_frozen(2.0)
    state = trained_state(one)
    assert sorted(state) == ["own.bias", "own.weight"]
    load_trained(other, state)
    assert {name: float(p.detach().flatten()[0]) for name, p in other.named_parameters()} == {
        "base.weight": 2.0, "base.bias": 2.0, "own.weight": 1.0, "own.bias": 1.0,
    }  # fmt: skip
    whole = nn.Linear(2, 1)
    assert trained_state(whole).keys() == whole.state_dict().keys()


@pytest.mark.parametrize(("change", "named"), [("more", "unexpected .'own.more'"), ("less", "missing .'own.bias'")])
def test_states_of_another_model_are_refused(change: str, named: str) -> None:
    state = trained_state(half_frozen(1.0))
    if change == "more":
        state["own.more"] = torch.zeros(1)
    else:
        del state["own.bias"]
    with pytest.raises(RuntimeError, match=f"weights of another model: .*{named}"):
        load_trained(half_frozen(2.0), state)
