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
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

import torch
from torch import Tensor
from torch.nn.functional import pad

from rlvr_bench.algorithms.conformance_run import (
    Current,
    Result,
    differences,
    losses,
    make_contrast,
    make_rollout,
    run,
)
from rlvr_bench.algorithms.types import BatchCounts, Needs, Role, Rollout, needs_of

SPLITS = (((0, 1, 2), (3, 4, 5, 6, 7)), ((7,), (0, 2, 4), (1, 3, 5, 6)))


def check(algorithm: Any) -> list[str]:
    """The problems of an algorithm; an empty list is what you want."""
    problems = [*_config(type(algorithm).Config), *_declared(algorithm)]
    for part in (_prepare, _losses, _reads, _direction, _invariances, _edges):
        try:
            found = list(part(algorithm))
        except Exception as error:
            found = [f"{part.__name__[1:]}: raised {type(error).__name__}: {error}; use only the fields of your roles"]
        problems += found
        if found and part in (_prepare, _losses):
            break  # everything after builds on these
    return problems


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


def _declared(algorithm: Any) -> Iterator[str]:
    if unknown := algorithm.roles - set(get_args(Role)):
        yield f"roles: unknown {sorted(unknown)}; the roles are {', '.join(get_args(Role))}"
    if "actor" not in algorithm.roles:
        yield "roles: no actor; the policy that is trained must be among them"
    if ("critic" in algorithm.roles) != hasattr(algorithm, "value_loss"):
        yield "value_loss: belongs to the role critic, and the role to it; add the method or change roles"
    if not isinstance(getattr(algorithm, "needs", Needs()), Needs):
        yield "needs: is not a Needs; set it to algorithms.types.Needs(...)"


def _rollout_for(algorithm: Any) -> tuple[Rollout, Current]:
    return make_rollout(algorithm.roles, exact=needs_of(algorithm).exact_values)


def _prepare(algorithm: Any) -> Iterator[str]:
    rollout, _ = _rollout_for(algorithm)
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
    yield from (f"prepare: {problem}" for problem in _not_finite(ready))
    if needs_of(algorithm).rewards and ready.advantages is not None and not ready.advantages.any():
        yield (
            "prepare: all advantages are zero although the rewards differ; compute them from rollout.rewards, or set "
            "needs = Needs(rewards=False) for a control that learns without rewards"
        )
    for name, value in before.items():
        if not torch.equal(value, getattr(rollout, name)):
            yield f"prepare: changed {name} of its input; compute a new tensor instead of editing in place"
    if not needs_of(algorithm).logprobs_in_prepare:
        try:
            algorithm.prepare(replace(rollout, old_logprobs=None))
        except Exception as error:
            yield (
                f"needs: logprobs_in_prepare is False, but prepare without old_logprobs raised {type(error).__name__}: "
                f"{error}; set it to True"
            )


def _not_finite(ready: Rollout) -> Iterator[str]:
    """Advantages and returns, also where they are masked: a loss may drop those numbers, its gradient does not."""
    for name in ("advantages", "returns"):
        score = getattr(ready, name)
        if score is None or score.shape != ready.response_mask.shape:
            continue
        bad = ~score.isfinite()
        if (bad & ready.response_mask).any():
            yield f"{name} are not finite; guard the division by a deviation of zero"
        elif bad.any():
            yield f"{name} are not finite where the response is masked; set them to zero there with masked_fill"


def _losses(algorithm: Any) -> Iterator[str]:
    rollout, new = _rollout_for(algorithm)
    new = new.edit(lambda v: v.requires_grad_())
    ready = algorithm.prepare(rollout)
    held = {**vars(ready), **vars(new)}
    before = {n: v.detach().clone() for n, v in held.items() if isinstance(v, Tensor)}
    found = losses(algorithm, ready, new)
    for name, value in before.items():
        if not torch.equal(value, held[name].detach()):
            yield f"losses: changed {name} of its input; compute a new tensor instead of editing in place"
    for name, leaves in (("policy", (new.logprobs, new.entropy)), ("value", (new.values,))):
        if name not in found:
            continue
        loss = found[name]
        if not hasattr(loss, "scalar") or not hasattr(loss, "metrics"):
            yield f"{name}_loss: returned {type(loss).__name__}; return Loss(scalar, metrics)"
            return
        yield from _scalar(name, loss.scalar, [leaf for leaf in leaves if leaf is not None])
        for metric, value in loss.metrics.items():
            if not isinstance(value, Tensor) or value.ndim or value.requires_grad or not value.isfinite():
                yield f"metric {metric}: is not a detached, finite scalar tensor; compute it under torch.no_grad()"
    policy = found["policy"].scalar
    if not needs_of(algorithm).entropy_gradient and policy.requires_grad and not policy.ndim:
        (grad,) = torch.autograd.grad(policy, new.entropy, allow_unused=True)
        if grad is not None and grad.any():
            yield "needs: entropy_gradient is False, but the policy loss has one; set it to True"


def _scalar(name: str, scalar: Tensor, leaves: list[Tensor]) -> Iterator[str]:
    if scalar.ndim or not scalar.isfinite():
        yield f"{name}_loss: is not a finite scalar; reduce it with ops.aggregate"
        return
    found = torch.autograd.grad(scalar, leaves, allow_unused=True, retain_graph=True) if scalar.requires_grad else ()
    grads = [grad for grad in found if grad is not None]
    if not all(grad.isfinite().all() for grad in grads) or not any(grad.any() for grad in grads):
        yield f"{name}_loss: its gradient is missing, zero or not finite; compute it from the arguments"


def _reads(algorithm: Any) -> Iterator[str]:
    """Losses read what they may, and the models that are declared are of use."""
    rollout, new = _rollout_for(algorithm)
    if new.values is not None:
        ready = algorithm.prepare(rollout)
        known = _value(algorithm, ready, new.values)
        remedy = "nobody knows them when a rollout serves one optimizer step; put what it needs into returns in prepare"
        try:
            unknown = _value(algorithm, replace(ready, old_logprobs=None), new.values)
        except Exception as error:
            yield f"value_loss: without old_logprobs raised {type(error).__name__}: {error}; {remedy}"
        else:
            for name in differences(known, unknown):
                yield f"value_loss: {name} depends on old_logprobs; {remedy}"
    if "reference" in algorithm.roles and not _reference_matters(algorithm, rollout, new):
        yield (
            "roles: there is a reference, but neither prepare nor any gradient depends on reference_logprobs; "
            "put the KL in the reward, use k2 or k3 (not k1) in the loss, or drop the role"
        )


def _value(algorithm: Any, batch: Rollout, values: Tensor) -> Result:
    values = values.detach().clone().requires_grad_()
    loss = algorithm.value_loss(batch, values)
    (gradient,) = torch.autograd.grad(loss.scalar, values)
    metrics = {f"metric {name}": value for name, value in loss.metrics.items()}
    return {"the loss": loss.scalar.detach(), "its gradient": gradient, **metrics}


def _reference_matters(algorithm: Any, rollout: Rollout, new: Current) -> bool:
    """Whether one of several references, near and far on either side, leads to another update than another does.

    Bit by bit: a coefficient may be small.  The value of a loss does not count, for it trains nothing.
    """
    found: list[Result] = []
    for factor in (1.0, 0.1, 5.0):
        assert rollout.old_logprobs is not None
        batch = replace(rollout, reference_logprobs=factor * rollout.old_logprobs)
        prepared = vars(algorithm.prepare(batch))
        update = {n: v for n, v in prepared.items() if isinstance(v, Tensor) and n != "reference_logprobs"}
        update |= {n: v for n, v in run(algorithm, batch, new).items() if n.startswith("the gradient")}
        found.append(update)
    first, *others = found
    return any(n not in other or not torch.equal(v, other[n]) for other in others for n, v in first.items())


def _direction(algorithm: Any) -> Iterator[str]:
    """A step raises the log-probability of the better completion, and more than that of the worse."""
    needs = needs_of(algorithm)
    if not needs.rewards:
        return
    rollout, new = make_contrast(algorithm.roles, max(4, needs.min_group_size), exact=needs.exact_values)
    gradient = run(algorithm, rollout, new)["the gradient of logprobs"]
    raised = -gradient.sum(1)  # by a small step against the gradient
    right = rollout.rewards > 0
    for group in rollout.group_ids.unique():
        better, worse = (raised[(rollout.group_ids == group) & rows].mean() for rows in (right, ~right))
        if not (better > 0 and better > worse):
            yield (
                f"direction: a step changes the log-probability of the right completions of a prompt by "
                f"{better:+.2g}, of the wrong ones by {worse:+.2g}, and must raise that of the right; turn the sign of "
                "the loss or of the advantages"
            )
            return


def _invariances(algorithm: Any) -> Iterator[str]:
    rollout, new = _rollout_for(algorithm)
    whole = run(algorithm, rollout, new)
    for name in differences(whole, run(algorithm, rollout, new)):
        yield f"deterministic: {name} differs between two equal calls; keep no state and draw no random numbers"
    for name in sorted({n for parts in SPLITS for n in differences(whole, run(algorithm, rollout, new, parts))}):
        yield f"micro-batches: {name} depends on the split; divide by batch.counts (ops.aggregate does)"

    wide = {"old_logprobs", "reference_logprobs", "values", "completion_ids", "response_mask"}
    padded = {n: pad(v, (0, 3)) for n, v in vars(rollout).items() if n in wide and v is not None}
    padded |= {n: pad(getattr(rollout, n), (2, 0)) for n in ("prompt_ids", "prompt_mask")}
    result = run(algorithm, replace(rollout, **padded), new.edit(lambda v: pad(v, (0, 3))))
    result = {n: v[:, :6] if v.ndim == 2 else v for n, v in result.items()}
    for name in differences(whole, result):
        yield f"padding: {name} depends on how wide the batch is padded; reduce under response_mask only"

    order = torch.tensor([7, 0, 6, 3, 1, 5, 2, 4])  # the rewards sorted
    result = run(algorithm, rollout.select(order), new.edit(lambda v: v[order]))
    for name in differences({n: v[order] if v.ndim == 2 else v for n, v in whole.items()}, result):
        yield f"order: {name} depends on the order of the completions; use group_ids, not the position in the batch"


def _edges(algorithm: Any) -> Iterator[str]:
    rollout, new = _rollout_for(algorithm)
    one = rollout.select(torch.tensor([2]), counts=BatchCounts(1, 1, 7))  # a single token
    cases = {
        "all rewards equal": (replace(rollout, rewards=torch.ones_like(rollout.rewards)), new),
        "one completion of one token": (one, new.edit(lambda v: v[2:3])),
    }
    for case, (batch, current) in cases.items():
        with torch.no_grad():
            yield from (f"edges: with {case}, {problem}" for problem in _not_finite(algorithm.prepare(batch)))
        for name, value in run(algorithm, batch, current).items():
            if not value.isfinite().all():
                yield f"edges: {name} is not finite with {case}; guard the division by a deviation of zero"
