"""What would fit: the largest micro-batch, the largest model, and the smallest change of a run that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rlvr_bench.harness.models.architectures import ARCHITECTURES
from rlvr_bench.harness.planner.plan import Case, states_of_run
from rlvr_bench.harness.planner.shapes import shape_of

MOST_DEVICES = 64


@dataclass(frozen=True)
class Change:
    """Another case, and the settings in which it differs, as a user would write them."""

    case: Case
    settings: tuple[str, ...]


def fits(case: Case, limit: int) -> bool:
    """Whether the peak is at most so many bytes."""
    return case.floor() <= limit and case.plan().peak.total <= limit


def with_settings(case: Case, section: str, **values: Any) -> Case:
    """The case with other values in one section of its configuration."""
    changed = replace(getattr(case.config, section), **values)
    return replace(case, config=replace(case.config, **{section: changed}))


def largest_micro_batch(case: Case, limit: int) -> Case | None:
    """With the largest `train.micro_tokens` of whole completions that fits; None where a single one does not."""
    if not fits(_at_once(case, 1), limit):
        return None
    fitting, too_many = 1, case.rows + 1
    if fits(_at_once(case, case.rows), limit):
        return _at_once(case, case.rows)
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        fitting, too_many = (middle, too_many) if fits(_at_once(case, middle), limit) else (fitting, middle)
    return _at_once(case, fitting)


def smaller_micro_batch(case: Case, limit: int) -> Case | None:
    """With fewer completions at once than now, a power of two of them, if that makes it fit."""
    now = min(case.rows, case.config.train.micro_tokens // case.row_tokens)
    rows = 2 ** ((now - 1).bit_length() - 1) if now > 1 else 0
    if case.floor() > limit or not rows:
        return None
    if fits(_at_once(case, rows), limit):
        return _at_once(case, rows)
    if not fits(_at_once(case, 1), limit):
        return None
    while not fits(_at_once(case, rows), limit):
        rows //= 2
    return _at_once(case, rows)


def _at_once(case: Case, rows: int) -> Case:
    return with_settings(case, "train", micro_tokens=rows * case.row_tokens)


def largest_model(case: Case, limit: int) -> str | None:
    """The largest built-in architecture that fits with the same settings; None where none does."""
    named = [(name, renamed(case, name)) for name in ARCHITECTURES]
    for name, other in sorted(named, key=lambda pair: -pair[1].floor()):
        if fits(other, limit):
            return name
    return None


def renamed(case: Case, name: str) -> Case:
    """The case with another built-in architecture."""
    return replace(with_settings(case, "model", name=f"arch:{name}"), shape=shape_of(name))


def smallest_change(case: Case, limit: int) -> Change | None:
    """The first of the changes below, from the least to the most intrusive, after which it fits; None where none does.

    1. a smaller micro-batch; 2. frozen models on the CPU between uses; 3. recomputation; 4. bfloat16 weights;
    5. ZeRO stage 3 over more devices; each alone and then with those before it.
    """
    for changed, settings in _steps(case):
        if fits(changed, limit):
            return Change(changed, settings)
        smaller = smaller_micro_batch(changed, limit)
        if smaller is not None:
            return Change(smaller, (*settings, f"--micro-tokens {smaller.config.train.micro_tokens}"))
    return None


def _steps(case: Case) -> Iterator[tuple[Case, tuple[str, ...]]]:
    """The case, then with one change more each time; over devices from there."""
    settings: tuple[str, ...] = ()
    yield case, settings
    for setting, change in _CHANGES:
        changed = change(case)
        if changed is not None:
            case, settings = changed, (*settings, setting)
            yield case, settings
    if case.config.model.adapter is not None:  # in one process only
        return
    devices = 2 * case.how.devices
    while devices <= min(MOST_DEVICES, case.config.rollout.prompts):
        how = replace(case.how, devices=devices, stage=3)
        yield replace(case, how=how), (*settings, f"--devices {devices} --stage 3")
        devices *= 2


def _offloaded(case: Case) -> Case | None:
    states = states_of_run(case.config, case.shape)
    frozen = any(states[role].weights for role in states.keys() & {"reference", "reward"})
    useful = frozen and case.cuda and not case.config.model.offload_frozen
    return with_settings(case, "model", offload_frozen=True) if useful else None


def _recomputing(case: Case) -> Case | None:
    there = case.config.model.gradient_checkpointing
    return None if there else with_settings(case, "model", gradient_checkpointing=True)


def _narrow(case: Case) -> Case | None:
    there = case.config.model.dtype == "bfloat16"
    return None if there else with_settings(case, "model", dtype="bfloat16")


_CHANGES: tuple[tuple[str, Callable[[Case], Case | None]], ...] = (
    ("--offload-frozen", _offloaded),
    ("--checkpointing", _recomputing),
    ("--dtype bfloat16", _narrow),
)
