"""`rlvr-bench export`: a run's model as a Hugging Face folder, or its metrics for another program; all offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from rlvr_bench.harness.commands.folders import check_new_folder
from rlvr_bench.harness.commands.runs.card import card
from rlvr_bench.harness.commands.runs.trackers import to_tensorboard, to_wandb
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, from_dict
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import Summary, read_evaluations, read_json
from rlvr_bench.harness.tasks.prompts import train_items

Target = Literal["huggingface", "tensorboard", "wandb"]
PROMPTS = 16
"""Prompts on which a saved tokenizer is compared with the run's."""


def export(run: Path, target: Target, out: Path | None) -> None:
    """Write the folder and say where it is.

    Args:
        run: a run folder.
        out: RUN/huggingface, RUN/tensorboard or RUN/wandb by default.
    Raises:
        RecordError: the folder holds no run.
        CheckpointError: the run kept no checkpoint to take the weights from.
        ConfigError: `out` cannot be used.
        UserError: a package is missing.
    """
    out = out or run / target
    config = read_json(run / "config.json")["config"]
    check_new_folder(out)
    if target == "tensorboard":
        to_tensorboard(run, out)
    elif target == "wandb":
        to_wandb(run, out, config)
    else:
        to_huggingface(run, out)
    print(out)


def to_huggingface(run: Path, out: Path) -> None:
    """Weights of the latest checkpoint, tokenizer, config and a model card, as `from_pretrained` reads them.

    An adapter is added to the weights that it is on, in their type.
    """
    from rlvr_bench.harness.models.adapters import merge
    from rlvr_bench.harness.models.tiny import as_qwen2
    from rlvr_bench.harness.state import checkpoint
    from rlvr_bench.harness.training.warm_start import checkpointed_model

    config = from_dict(read_json(run / "config.json")["config"])
    found = checkpoint.required(run)
    lm, tokenizer = checkpointed_model(config, build(plugins.TASKS, config.task), found)
    merge(lm)
    lm.save_pretrained(out)
    of_characters = config.model.name.startswith(("tiny:", "arch:")) and lm.config.model_type == "qwen2"
    (as_qwen2(tokenizer) if of_characters else tokenizer).save_pretrained(out)
    _check_tokenizer(tokenizer, out, config)
    summary = Summary.from_json(read_json(run / "summary.json"))
    text = card(
        config, summary, read_evaluations(run / "evaluations.jsonl.gz"), name=run.resolve().name, step=found.step
    )
    (out / "README.md").write_text(text, encoding="utf-8")


def _check_tokenizer(tokenizer: Any, out: Path, config: RunConfig) -> None:
    """Raises UserError where the saved tokenizer does not read the task's prompts as the run did."""
    from transformers import AutoTokenizer

    from rlvr_bench.harness.rollout.text import prompt_ids

    saved = AutoTokenizer.from_pretrained(out, local_files_only=True)
    task = build(plugins.TASKS, config.task)
    for item in train_items(task, seed=config.seed, step=1, count=PROMPTS):
        chat = config.model.chat_template == "auto"
        if prompt_ids(saved, item.prompt, chat=chat) != prompt_ids(tokenizer, item.prompt, chat=chat):
            raise UserError(
                f"{out}: transformers reads the prompt {item.prompt[:60]!r} otherwise with the saved tokenizer; take "
                f"that of {config.model.name} itself"
            )
