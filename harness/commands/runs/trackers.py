"""A run's metrics for TensorBoard and for Weights & Biases, written without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import read_metrics

LEFT_OUT = ("step", "not_finite")
"""Entries of a line of metrics.jsonl that are no metrics."""


def numbers(run: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Step and metrics of each line; what is null has no point."""
    for row in read_metrics(run / "metrics.jsonl"):
        yield row["step"], {n: float(v) for n, v in row.items() if n not in LEFT_OUT and isinstance(v, (int, float))}


def to_tensorboard(run: Path, out: Path) -> None:
    """Event files.  Raises UserError without the package."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise _missing("tensorboard") from None
    with SummaryWriter(str(out)) as writer:
        for step, row in numbers(run):
            for name, value in row.items():
                writer.add_scalar(name, value, step)


def to_wandb(run: Path, out: Path, config: Mapping[str, Any]) -> None:
    """An offline run; `wandb sync` sends it.  Raises UserError without the package."""
    try:
        import wandb  # type: ignore[import-not-found]
    except ImportError:
        raise _missing("wandb") from None
    out.mkdir(parents=True, exist_ok=True)
    there = wandb.init(project="rlvr-bench", name=run.resolve().name, dir=str(out), config=dict(config), mode="offline")
    for step, row in numbers(run):
        there.log(row, step=step)
    there.finish()


def _missing(package: str) -> UserError:
    return UserError(
        f"export --to {package}: the package {package} is not installed; pip install 'rlvr-bench[{package}]'"
    )
