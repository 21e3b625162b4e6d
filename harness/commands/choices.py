"""What some options of the command line may be."""

from __future__ import annotations

from enum import StrEnum


class Listed(StrEnum):
    algorithms = "algorithms"
    tasks = "tasks"
    verifiers = "verifiers"
    models = "models"
    suites = "suites"
    metrics = "metrics"


class Exported(StrEnum):
    huggingface = "huggingface"
    tensorboard = "tensorboard"
    wandb = "wandb"


class Tier(StrEnum):
    bwrap = "bwrap"
    landlock = "landlock"
    docker = "docker"
