"""Steps of TRL 1.11 on the fixed work; a script for an environment of TRL's own.

    python harness/peers/trl_step.py grpo --work FOLDER --steps 7 --json OUT

TRL gets what is fastest for this work: the whole batch in one forward pass, no gradient checkpointing,
no saving, no progress bar, no per-step log of its own where it can be switched off.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import torch
import trl
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from transformers.trainer_callback import PrinterCallback, ProgressCallback, TrainerCallback

# As a script its own folder is the first on the path; this project is not installed here.
from work import StepClock, Work, prompts, read, resident_bytes, reward, step_options


class Timer(TrainerCallback):
    def __init__(self) -> None:
        self.clock = StepClock()

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.clock.start()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.clock.step()


def common(work: Work, folder: str, steps: int, micro_batch: int) -> dict[str, Any]:
    return {
        "output_dir": folder,
        "use_cpu": True,
        "bf16": False,
        "seed": work.seed,
        "learning_rate": work.learning_rate,
        "lr_scheduler_type": "constant",
        "per_device_train_batch_size": micro_batch,
        "gradient_accumulation_steps": work.completions // micro_batch,
        "gradient_checkpointing": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "max_steps": steps,
        "logging_steps": steps,  # once, at the end: that is where the checks are read from
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "temperature": 1.0,
    }


def load(kind: Any, path: Path, **options: Any) -> Any:
    return kind.from_pretrained(path, dtype=torch.float32, **options)


def classes(algorithm: str) -> tuple[Any, Any]:
    """Configuration and trainer.  Only those asked for, so that neither run holds the other's imports."""
    if algorithm == "grpo":
        return trl.GRPOConfig, trl.GRPOTrainer
    from trl.experimental.ppo import PPOConfig, PPOTrainer

    return PPOConfig, PPOTrainer


def grpo(work: Work, path: Path, arguments: dict[str, Any], timer: Timer, steps: int) -> dict[str, Any]:
    configuration, trainer_class = classes("grpo")
    lengths: list[int] = []

    def share_of_digits(completions: list[str], completion_ids: list[list[int]], **_: Any) -> list[float]:
        lengths.extend(map(len, completion_ids))
        return [reward(text) for text in completions]

    texts = prompts(work, work.prompts * steps)
    trainer = trainer_class(
        model=load(AutoModelForCausalLM, path),
        reward_funcs=share_of_digits,
        args=configuration(
            **arguments,
            beta=work.kl_coef,
            num_generations=work.group,
            max_completion_length=work.completion_tokens,
            num_iterations=1,
            loss_type="grpo",
            generation_kwargs={"min_new_tokens": work.completion_tokens},
        ),
        train_dataset=Dataset.from_dict({"prompt": texts}),
        processing_class=AutoTokenizer.from_pretrained(path),
        callbacks=[timer],
    )
    quiet(trainer).train()
    log = next(row for row in trainer.state.log_history if "kl" in row)
    roles = {"actor": trainer.model, "reference": trainer.ref_model}
    return {"kl": log["kl"], "completion_tokens": lengths, "roles": roles}


def ppo(work: Work, path: Path, arguments: dict[str, Any], timer: Timer, steps: int) -> dict[str, Any]:
    configuration, trainer_class = classes("ppo")
    tokenizer = AutoTokenizer.from_pretrained(path)
    actor = load(AutoModelForCausalLM, path)
    # TRL takes the first padding token for the end of a completion, and masks one anywhere.
    actor.generation_config.suppress_tokens = [tokenizer.pad_token_id]
    torch.manual_seed(work.seed)
    critic, judge = (load(AutoModelForSequenceClassification, path, num_labels=1) for _ in range(2))
    texts = [text for text in prompts(work, work.prompts * steps) for _ in range(work.group)]
    trainer = trainer_class(
        args=configuration(
            **arguments,
            kl_coef=work.kl_coef,
            num_ppo_epochs=1,
            num_mini_batches=1,
            total_episodes=work.completions * steps,
            response_length=work.completion_tokens,
            local_rollout_forward_batch_size=work.completions,
            num_sample_generations=0,
        ),
        processing_class=tokenizer,
        model=actor,
        ref_model=load(AutoModelForCausalLM, path),
        reward_model=judge,
        value_model=critic,
        train_dataset=Dataset.from_dict(dict(tokenizer(texts, return_token_type_ids=False))),
        callbacks=[timer],
    )
    lengths = completion_lengths(trainer, tokenizer.pad_token_id, work.prompt_tokens)
    quiet(trainer).train()
    roles = {"actor": actor, "critic": critic, "reference": trainer.ref_model, "reward": judge}
    return {"kl": trainer.state.log_history[-1]["objective/kl"], "completion_tokens": lengths, "roles": roles}


def completion_lengths(trainer: Any, pad: int, start: int) -> list[int]:
    """A list that fills with the lengths which the reward model is given."""
    lengths: list[int] = []

    def look(_: Any, __: Any, inputs: dict[str, Any]) -> None:
        lengths.extend(inputs["attention_mask"][:, start:].sum(1).tolist())

    backbone = getattr(trainer.reward_model, trainer.reward_model.base_model_prefix)
    backbone.register_forward_pre_hook(look, with_kwargs=True)
    return lengths


def quiet(trainer: Any) -> Any:
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    return trainer


def main() -> None:
    options = step_options(__doc__)

    work = read(options.work)
    torch.set_num_threads(work.threads)
    timer = Timer()
    classes(options.algorithm)
    before = resident_bytes("VmRSS")
    with tempfile.TemporaryDirectory() as folder:
        arguments = common(work, folder, options.steps, options.micro_batch or work.completions)
        run = {"grpo": grpo, "ppo": ppo}[options.algorithm]
        done = run(work, options.work, arguments, timer, options.steps)
    result = {
        "library": "trl",
        "version": trl.__version__,
        "algorithm": options.algorithm,
        "seconds": timer.clock.seconds,
        "cpu_seconds": timer.clock.cpu_seconds,
        "peak_rss_bytes": resident_bytes("VmHWM"),
        "imported_rss_bytes": before,
        "parameters": {role: sum(p.numel() for p in model.parameters()) for role, model in done["roles"].items()},
        "dtypes": sorted({str(p.dtype) for model in done["roles"].values() for p in model.parameters()}),
        "completions": len(done["completion_tokens"]),
        "completion_tokens": sorted(set(done["completion_tokens"])),
        "kl": done["kl"],
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
