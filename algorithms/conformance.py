"""What every algorithm must keep to, checked on small random rollouts.  For authors of plugins.

    from rlvr_bench.algorithms.conformance import check
    assert check(MyAlgorithm(MyAlgorithm.Config())) == []

Each problem names what is wrong and the remedy.  Nothing is raised: what the algorithm raises is a problem
too.  A check that cannot run because an earlier one failed is left out.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

import torch
from torch import Tensor
from torch.nn.functional import pad

from rlvr_bench.algorithms.types import Algorithm, BatchCounts, Forward, Role, Rollout

SPLITS = (((0, 1, 2), (3, 4, 5, 6, 7)), ((7,), (0, 2, 4), (1, 3, 5, 6)))

Result = dict[str, Tensor]


def check(algorithm: Algorithm) -> list[str]:
    """The problems of an algorithm; an empty list is what you want."""
    problems = [*_config(type(algorithm).Config), *_roles(algorithm)]
    for part in (_prepare, _loss, _halves, _invariances, _edges):
        try:
            found = list(part(algorithm))
        except Exception as error:
            found = [f"{part.__name__[1:]}: raised {type(error).__name__}: {error}; use only the fields of your roles"]
        problems += found
        if found and part in (_prepare, _loss):
            break  # everything after builds on these
    return problems


def make_rollout(roles: frozenset[Role], seed: int = 0) -> tuple[Rollout, Forward]:
    """Eight completions in three uneven groups, with exactly the scores that the roles provide."""
    draw = torch.Generator().manual_seed(seed)
    mask = torch.arange(6) < torch.tensor([3, 6, 1, 4, 2, 6, 5, 2]).unsqueeze(1)

    def tokens(scale: float) -> Tensor:
        return scale * torch.randn(mask.shape, generator=draw, dtype=torch.float64) * mask

    old, reference, values = -tokens(1).abs(), tokens(0.3), tokens(0.5)
    rollout = Rollout(
        prompt_ids=torch.randint(1, 9, (8, 4), generator=draw),
        completion_ids=torch.randint(1, 9, mask.shape, generator=draw) * mask,
        prompt_mask=torch.ones(8, 4, dtype=torch.bool),
        response_mask=mask,
        truncated=mask.all(1),
        group_ids=torch.tensor([0, 1, 0, 1, 2, 1, 0, 2]),
        rewards=torch.tensor([1, 0, 0, 1, 0, 0, 1, 1], dtype=torch.float64),
        old_logprobs=old,
        counts=BatchCounts(8, int(mask.sum()), 7),
        reference_logprobs=old + reference if "reference" in roles else None,
        values=values if "critic" in roles else None,
    )
    return rollout, Forward(old + tokens(0.1), tokens(1).abs(), values + tokens(0.1) if "critic" in roles else None)


def run(algorithm: Algorithm, rollout: Rollout, new: Forward, parts: tuple[tuple[int, ...], ...] = ()) -> Result:
    """Losses, metrics and gradients of one optimiser batch, taken in micro-batches of the given rows."""
    new = _edit(new, lambda v: v.detach().clone().requires_grad_())
    ready, result = algorithm.prepare(rollout), {}
    for part in parts or (tuple(range(len(rollout.rewards))),):
        rows = torch.tensor(part)
        out = algorithm.loss(ready.select(rows), _edit(new, lambda v, r=rows: v[r]))
        losses = {f"the {n} loss": v for n in ("policy", "value") if (v := getattr(out, n)) is not None}
        torch.autograd.backward(list(losses.values()))
        for name, value in {**losses, **{f"metric {n}": v for n, v in out.metrics.items()}}.items():
            result.setdefault(name, []).append(value.detach())
    combine = {"_max": torch.amax, "_min": torch.amin}
    total = {n: combine.get(n[-4:], torch.sum)(torch.stack(v), dim=0) for n, v in result.items()}
    grads = {f.name: g for f in fields(new) if (v := getattr(new, f.name)) is not None and (g := v.grad) is not None}
    return total | {f"the gradient of {n}": g for n, g in grads.items()}


def _edit(new: Forward, edit: Callable[[Tensor], Tensor]) -> Forward:
    return replace(new, **{f.name: edit(v) for f in fields(new) if (v := getattr(new, f.name)) is not None})


def _differences(expected: Result, actual: Result) -> Iterator[str]:
    for name in sorted(expected.keys() | actual.keys()):
        a, b = expected.get(name), actual.get(name)
        if a is None or b is None or a.shape != b.shape or not torch.allclose(a, b.to(a.dtype), rtol=1e-5, atol=1e-6):
            yield name


def _config(config: Any) -> Iterator[str]:
    if not is_dataclass(config) or not config.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        yield "Config: is not a frozen dataclass; decorate it with @dataclass(frozen=True)"
        return
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(config))).body[0].body  # type: ignore[attr-defined]
    except (OSError, TypeError, SyntaxError):
        return  # no source to look at, as in an interactive session
    for node, after in zip(body, [*body[1:], None], strict=True):
        described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not described:
            yield f"Config.{node.target.id}: has no description; put a string under the field: meaning, unit, range"


def _roles(algorithm: Algorithm) -> Iterator[str]:
    if unknown := algorithm.roles - set(get_args(Role)):
        yield f"roles: unknown {sorted(unknown)}; the roles are {', '.join(get_args(Role))}"
    if "actor" not in algorithm.roles:
        yield "roles: no actor; the policy that is trained must be among them"


def _prepare(algorithm: Algorithm) -> Iterator[str]:
    rollout, _ = make_rollout(algorithm.roles)
    before = {f.name: v.clone() for f in fields(rollout) if isinstance(v := getattr(rollout, f.name), Tensor)}
    with torch.no_grad():
        ready = algorithm.prepare(rollout)
    if not isinstance(ready, Rollout):
        yield f"prepare: returned {type(ready).__name__}; return rollout.with_scores(advantages=...)"
        return
    for name in ("advantages", "returns") if "critic" in algorithm.roles else ("advantages",):
        score = getattr(ready, name)
        if score is None or score.shape != rollout.response_mask.shape:
            yield f"prepare: no {name} of shape (B, T); set them with rollout.with_scores({name}=...)"
        elif not score[rollout.response_mask].isfinite().all():
            yield f"prepare: {name} are not finite; guard the division by a deviation of zero"
    for name, value in before.items():
        if not torch.equal(value, getattr(rollout, name)):
            yield f"prepare: changed {name} of its input; compute a new tensor instead of editing in place"
    if not getattr(algorithm, "prepare_needs_logprobs", True):
        unknown = replace(rollout, old_logprobs=torch.full_like(rollout.old_logprobs, torch.nan))
        advantages = algorithm.prepare(unknown).advantages
        if advantages is not None and not advantages[rollout.response_mask].isfinite().all():
            yield "prepare_needs_logprobs: is False, but prepare reads old_logprobs; set it to True"


def _loss(algorithm: Algorithm) -> Iterator[str]:
    rollout, new = make_rollout(algorithm.roles)
    new = _edit(new, lambda v: v.requires_grad_())
    ready = algorithm.prepare(rollout)
    held = {**vars(ready), **vars(new)}
    before = {n: v.detach().clone() for n, v in held.items() if isinstance(v, Tensor)}
    out = algorithm.loss(ready, new)
    for name, value in before.items():
        if not torch.equal(value, held[name].detach()):
            yield f"loss: changed {name} of its input; compute a new tensor instead of editing in place"
    if (out.value is not None) != ("critic" in algorithm.roles):
        yield "loss: a value loss belongs to the role critic, and the role to it; set LossOutput.value or change roles"
    for name, part, leaf in (("policy", out.policy, new.logprobs), ("value", out.value, new.values)):
        if part is None or leaf is None:
            if name == "policy":
                yield "loss: there is no policy loss; set LossOutput.policy"
            continue
        if part.ndim or not part.isfinite():
            yield f"loss: the {name} loss is not a finite scalar; reduce it with ops.aggregate"
            continue
        (grad,) = torch.autograd.grad(part, leaf, allow_unused=True) if part.requires_grad else (None,)
        if grad is None or not grad.isfinite().all() or not grad.any():
            yield f"loss: the gradient of the {name} loss is missing, zero or not finite; compute it from `new`"
    for name, value in out.metrics.items():
        if not isinstance(value, Tensor) or value.ndim or value.requires_grad or not value.isfinite():
            yield f"metric {name}: is not a detached, finite scalar tensor; compute it under torch.no_grad()"


def _halves(algorithm: Algorithm) -> Iterator[str]:
    rollout, new = make_rollout(algorithm.roles)
    ready, both = algorithm.prepare(rollout), run(algorithm, rollout, new)
    remedy = "the harness trains actor and critic one after the other: the half that is None has no loss"
    passes = {"policy": replace(new, values=None), "value": replace(new, logprobs=None, entropy=None)}
    for name, half in passes.items() if "critic" in algorithm.roles else [("policy", passes["policy"])]:
        try:
            out = algorithm.loss(ready, half)
        except Exception as error:
            yield f"halves: the {name} pass alone raised {type(error).__name__}: {error}; {remedy}"
            continue
        other = out.value if name == "policy" else out.policy
        loss = getattr(out, name)
        if other is not None or loss is None or not torch.allclose(loss.detach(), both[f"the {name} loss"]):
            yield f"halves: the {name} pass alone gives another loss; {remedy}"


def _invariances(algorithm: Algorithm) -> Iterator[str]:
    rollout, new = make_rollout(algorithm.roles)
    whole = run(algorithm, rollout, new)
    for name in _differences(whole, run(algorithm, rollout, new)):
        yield f"deterministic: {name} differs between two equal calls; keep no state and draw no random numbers"
    for name in sorted({n for parts in SPLITS for n in _differences(whole, run(algorithm, rollout, new, parts))}):
        yield f"micro-batches: {name} depends on the split; divide by batch.counts (ops.aggregate does)"

    wide = {"old_logprobs", "reference_logprobs", "values", "completion_ids", "response_mask"}
    padded = {n: pad(v, (0, 3)) for n, v in vars(rollout).items() if n in wide and v is not None}
    padded |= {n: pad(getattr(rollout, n), (2, 0)) for n in ("prompt_ids", "prompt_mask")}
    result = run(algorithm, replace(rollout, **padded), _edit(new, lambda v: pad(v, (0, 3))))
    result = {n: v[:, :6] if v.ndim == 2 else v for n, v in result.items()}
    for name in _differences(whole, result):
        yield f"padding: {name} depends on how wide the batch is padded; reduce under response_mask only"

    order = torch.tensor([7, 0, 6, 3, 1, 5, 2, 4])  # the rewards sorted
    result = run(algorithm, rollout.select(order), _edit(new, lambda v: v[order]))
    for name in _differences({n: v[order] if v.ndim == 2 else v for n, v in whole.items()}, result):
        yield f"order: {name} depends on the order of the completions; use group_ids, not the position in the batch"


def _edges(algorithm: Algorithm) -> Iterator[str]:
    rollout, new = make_rollout(algorithm.roles)
    one = rollout.select(torch.tensor([2]), counts=BatchCounts(1, 1, 7))  # a single token
    cases = {
        "all rewards equal": (replace(rollout, rewards=torch.ones_like(rollout.rewards)), new),
        "one completion of one token": (one, _edit(new, lambda v: v[2:3])),
    }
    for case, (batch, forward) in cases.items():
        for name, value in run(algorithm, batch, forward).items():
            if not value.isfinite().all():
                yield f"edges: {name} is not finite with {case}; guard the division by a deviation of zero"
