"""Values of options, for the command line; nothing heavy is imported here."""

from __future__ import annotations

from enum import StrEnum


class Listed(StrEnum):
    """What `list` takes."""

    algorithms = "algorithms"
    tasks = "tasks"
    verifiers = "verifiers"
    models = "models"
    suites = "suites"
    metrics = "metrics"


class Exported(StrEnum):
    """What `export --to` takes."""

    huggingface = "huggingface"
    tensorboard = "tensorboard"
    wandb = "wandb"


class Where(StrEnum):
    """What `run --executor` takes."""

    local = "local"
    slurm = "slurm"
    ray = "ray"


class Tier(StrEnum):
    """What `score --tier` takes."""

    bwrap = "bwrap"
    landlock = "landlock"
    docker = "docker"
