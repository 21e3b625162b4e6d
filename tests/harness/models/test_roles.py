"""From a base model to roles: what a run holds, how the roles read, and where frozen models are kept."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.roles import Models, Policy, ScalarModel, build_models
from rlvr_bench.harness.models.scoring import Positions, score_rollout
from tests.harness.models.decoders import alone
from tests.harness.ragged import LENGTHS, padded, sequence
from tests.harness.small_runs import CPU, config, run
from tests.tolerance import assert_close

PPO = {"name": "ppo"}
ALL: frozenset[Role] = frozenset({"actor", "critic", "reference"})


def held(roles: frozenset[Role] = ALL, *, device: torch.device = CPU, **sections: Any) -> Models:
    """Models of these roles and an untrained reward model."""
    settings = config(model={"name": "tiny:32x2", **sections.pop("model", {})}, **sections)
    base, tokenizer = load_base(settings.model, seed=0)
    learned = ScalarModel.from_causal_lm(base, precision=settings.compute.autocast)
    return build_models(base, tokenizer, roles, settings, device=device, reward_model=learned)


@pytest.mark.parametrize(
    ("algorithm", "source", "roles", "bytes_a_parameter"),
    [
        (PPO, "learned", {"actor", "critic", "reference", "reward"}, 40),
        (PPO, "verifier", {"actor", "critic", "reference"}, 36),
        ({"name": "ppo", "kl_coef": 0.0}, "verifier", {"actor", "critic"}, 32),
        ({"name": "grpo"}, "verifier", {"actor", "reference"}, 20),
        ({"name": "grpo", "kl_coef": 0.0}, "verifier", {"actor"}, 16),
    ],
)
def test_models_held_and_their_bytes(
    algorithm: dict[str, Any], source: str, roles: set[str], bytes_a_parameter: int, tmp_path: Path
) -> None:
    """fp32: weight, gradient and two moments are 16 bytes where trained, the weight alone 4 where frozen."""
    settings = config(algorithm=algorithm, reward={"source": source}, train={"steps": 1}, model={"name": "tiny:32x2"})
    states = run(settings, tmp_path).learner.states()
    assert set(states) == roles
    total = sum(s.total for s in states.values()) / states["actor"].parameters
    assert total == pytest.approx(bytes_a_parameter, rel=0.02)


def test_only_actor_and_critic_are_trained() -> None:
    models = held()
    for role, model in models.by_role.items():
        trained = role in ("actor", "critic")
        assert model.training is trained
        assert {p.requires_grad for p in model.parameters()} == {trained}
    actor, reference = models.actor, models.by_role["reference"]
    with torch.no_grad():
        for weight in actor.parameters():
            weight.add_(1)
    for one, other in zip(actor.parameters(), reference.parameters(), strict=True):
        assert not torch.equal(one, other), "the reference stays where it was"


def test_settings_reach_every_role() -> None:
    models = held(compute={"share": False, "autocast": "bfloat16"})
    for role in ALL:
        assert (models.by_role[role].share, models.by_role[role].precision) == (False, "bfloat16")


def repeated(rollout: Rollout) -> Rollout:
    """Rows 1 and 5 once more, row 4 twice more; in no order."""
    return rollout.select(torch.tensor([4, 1, 0, 5, 2, 4, 3, 1, 5, 4]))


def critic(model: Any, **how: Any) -> ScalarModel:
    scalar = ScalarModel.from_causal_lm(model, **how)
    torch.manual_seed(5)
    nn.init.normal_(scalar.head.weight)
    return scalar


READINGS: dict[str, tuple[Callable[..., Any], Callable[[Any, Rollout], list[Tensor]]]] = {
    "policy": (Policy, lambda m, r: list(m(r, temperature=0.9, entropy="grad"))),
    "values": (critic, lambda m, r: [m(r)]),
    "scores": (critic, lambda m, r: [m(r, at="end")]),
}


@pytest.mark.parametrize("kind", READINGS)
def test_equal_completions_once_is_each_on_its_own(kind: str, model: Any, rollout: Rollout) -> None:
    """Values, and the gradient of a sum in which each row weighs differently."""
    make, read = READINGS[kind]
    model, rollout = copy.deepcopy(model).double(), repeated(rollout)
    found = []
    for share in (False, True):
        module = make(copy.deepcopy(model), share=share)
        scores = read(module, rollout)
        sum((s * torch.linspace(-1, 2, s.numel()).view(s.shape)).sum() for s in scores).backward()
        found.append(([s.detach() for s in scores], [p.grad for p in module.parameters()], module.positions_read))
    for one, other in zip(*(scores + gradients for scores, gradients, _ in found), strict=True):
        assert_close(one, other, as_float32=True)
    # Prompts of 3, 1 and 5; completions of 4 + 1 + 2 + 4 + 3 + 1, of which 1, 1 and 3 + 3 come again.  The last token
    # of each of the 10 or 6 rows is read for scores only.
    unread = (0, 0) if kind == "scores" else (10, 6)
    assert [tuple(read) for *_, read in found] == [(9, 15 + 8 - unread[0]), (9, 15 - unread[1])]


def test_a_value_is_of_the_state_before_the_token_and_a_score_of_the_last(model: Any, rollout: Rollout) -> None:
    """Against transformers' own states of each sequence alone."""
    scalar = critic(copy.deepcopy(model).double())
    values, ends = [], []
    for row in range(len(LENGTHS)):
        prompt, completion = sequence(rollout, row)
        states = (alone(scalar.backbone, prompt + completion) @ scalar.head.weight[0] + scalar.head.bias).detach()
        values.append(states[len(prompt) - 1 : -1].tolist())
        ends.append(float(states[-1]))
    assert_close(padded(values), scalar(rollout), as_float32=True)
    assert_close(ends, scalar(rollout, at="end"), as_float32=True)


def test_a_new_critic_predicts_zero(model: Any, rollout: Rollout) -> None:
    assert_close(torch.zeros(6, 4), ScalarModel.from_causal_lm(model)(rollout))


def test_what_was_read_is_counted_until_it_is_taken(rollout: Rollout) -> None:
    """Prompts of 3, 1 and 5 and 15 completion tokens, whether in one part or more of the groups one by one.

    The critic does not read the last token of the six completions, the reward model does.
    """
    models = held()
    for _ in range(2):
        models.by_role["critic"](rollout)
    reward = models.by_role["reward"]
    score_rollout(lambda part: reward(part, at="end"), rollout, 36)  # the first group; then 3 + 1 rows of the others
    assert models.take_reads() == {
        "actor": Positions(),
        "critic": Positions(2 * 9, 2 * 9),
        "reference": Positions(),
        "reward": Positions(9 + 5, 15),
    }
    assert set(models.take_reads().values()) == {Positions(0, 0)}


@pytest.mark.parametrize("checkpointing", [False, True])
def test_recomputation_reads_prompts_for_each_completion(checkpointing: bool, rollout: Rollout) -> None:
    models = held(model={"gradient_checkpointing": checkpointing})
    for role in ("actor", "reference"):
        models.by_role[role](rollout, temperature=1.0)  # no two completions are equal
    # As they are written, prompts of 3, 3, 1, 5, 5, 5; a frozen model takes the same path as a trained one.
    # Of the 15 completion tokens of six rows 9 are read.
    each = Positions(22 if checkpointing else 9, 9)
    reads = models.take_reads()
    assert reads["actor"] == reads["reference"] == each
    assert reads["critic"] == reads["reward"] == Positions()


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize(("dtype", "precision"), [("float32", "off"), ("float32", "bfloat16"), ("bfloat16", "off")])
def test_trained_and_frozen_models_of_equal_weights_say_exactly_the_same(
    dtype: str, precision: str, checkpointing: bool, rollout: Rollout
) -> None:
    """In training mode under grad, and frozen without: the ratio and the KL begin at exactly 1 and 0."""
    models = held(compute={"autocast": precision}, model={"dtype": dtype, "gradient_checkpointing": checkpointing})
    critic, reward = models.by_role["critic"], models.by_role["reward"]
    assert isinstance(critic, ScalarModel) and isinstance(reward, ScalarModel)
    nn.init.normal_(critic.head.weight)
    reward.load_state_dict(critic.state_dict())
    pairs = [
        (models.actor, models.by_role["reference"], lambda m: m(rollout, temperature=0.7, entropy="off")[0]),
        (critic, reward, lambda m: m(rollout)),
    ]
    for trained, frozen, read in pairs:
        with_grad = read(trained)
        with torch.no_grad():
            without = read(frozen)
        assert with_grad.requires_grad and not without.requires_grad
        assert with_grad.any()
        assert torch.equal(with_grad.detach(), without)


def test_the_rules_of_sampling_reach_those_who_score() -> None:
    models = held(rollout={"min_tokens": 2})
    for role in ("actor", "reference"):
        policy = models.by_role[role]
        assert isinstance(policy, Policy)
        assert (policy.ends, policy.min_tokens) == ((models.tokenizer.eos_token_id,), 2)


@pytest.mark.parametrize("kind", READINGS)
def test_products_in_bfloat16_are_near_those_in_float32(kind: str, model: Any, rollout: Rollout) -> None:
    """Hidden states have 8 bits of mantissa then; the heads stay in float32, see test_heads.py."""
    make, read = READINGS[kind]
    exact, rough = make(model), make(model, precision="bfloat16")
    found = read(rough, rollout)
    for one, other in zip(read(exact, rollout), found, strict=True):
        assert other.dtype == torch.float32
        scale = float(one.detach().abs().max())
        assert 0 < float((one - other).detach().abs().max()) < 0.05 * scale


def moves_of(module: nn.Module, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the module is asked to move from now on; it stays."""
    moves: list[str] = []
    monkeypatch.setattr(module, "to", lambda device: moves.append(str(device)))
    return moves


def test_frozen_models_are_on_the_device_while_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    models = held(device=torch.device("meta"), model={"offload_frozen": True})  # a device that is always there
    places = {role: {p.device.type for p in model.parameters()} for role, model in models.by_role.items()}
    assert places == {"actor": {"meta"}, "critic": {"meta"}, "reference": {"cpu"}, "reward": {"cpu"}}
    for role in ("reference", "reward"):
        moves = moves_of(models.by_role[role], monkeypatch)
        with models.on_device(role) as model:
            assert model is models.by_role[role]
            moves.append("used")
        with pytest.raises(LookupError), models.on_device(role):
            raise LookupError
        assert moves == ["meta", "used", "cpu", "meta", "cpu"]


@pytest.mark.parametrize("offload", [False, True])
def test_trained_models_are_never_moved(offload: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    models = held(model={"offload_frozen": offload})
    for role in ("actor", "critic", *(() if offload else ("reference", "reward"))):
        moves = moves_of(models.by_role[role], monkeypatch)
        with models.on_device(role):
            pass
        assert moves == []
