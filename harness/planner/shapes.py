"""The model that a plan is about: from a config.json alone, and as modules without data."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.architectures import ARCHITECTURES, architecture_config
from rlvr_bench.harness.models.base import DTYPES, ready
from rlvr_bench.harness.models.files import HUB_NAME
from rlvr_bench.harness.models.tiny import ModelError, character_tokenizer, tiny_config
from rlvr_bench.harness.planner.ledger import META


def full_name(name: str) -> str:
    """A built-in architecture's name as `model.name` has it: `arch:qwen2.5-7b` of `qwen2.5-7b`."""
    return f"arch:{name}" if name in ARCHITECTURES else name


def shape_of(name: str) -> Any:
    """The transformers config of a model, by the names of `model.name`, or by a built-in architecture without `arch:`.

    Of a model on the hub it fetches config.json and nothing else.

    Raises:
        ModelError: there is none, or it is no causal language model's.
    """
    if name.startswith("tiny:"):
        return tiny_config(name, character_tokenizer())
    if full_name(name).startswith("arch:"):
        return architecture_config(name, pad_token_id=None, eos_token_id=0)
    folder = Path(name).expanduser()
    is_path = name.startswith((".", "/", "~")) or folder.exists() or Path(name.split("/")[0]).is_dir()
    if not is_path and HUB_NAME.fullmatch(name):
        return _config(_from_hub(name), name)
    if folder.is_dir() or folder.name == "config.json":
        file = folder / "config.json" if folder.is_dir() else folder
        if not file.is_file():
            raise ModelError(f"MODEL: {name}: no config.json there; give a folder that save_pretrained made")
        return _config(file, name)
    raise ModelError(
        f"MODEL: {name!r} is no folder here, no name of the hub (OWNER/MODEL) and no built-in architecture "
        f"({', '.join(ARCHITECTURES)}; tiny:64x2)"
    )


def shell(shape: Any, config: ModelConfig) -> tuple[Any, Any]:
    """The causal language model without data, as `load_base` would make it, and what stands for a tokenizer.

    Raises:
        ModelError: transformers has no causal language model of this config.
    """
    from transformers import AutoModelForCausalLM

    # `load_base` asks for SDPA where it builds a model itself; others have it where their family can.
    how = {"attn_implementation": "sdpa"} if config.name.startswith(("tiny:", "arch:")) else {}
    try:
        with META:
            model = AutoModelForCausalLM.from_config(shape, dtype=DTYPES[config.dtype], **how)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"MODEL: {config.name}: no causal language model can be made of its config ({reason})"
        ) from None
    end = shape.get_text_config().eos_token_id
    return ready(model, config), SimpleNamespace(pad_token_id=0, eos_token_id=0 if end is None else end)


def random_ids(vocabulary: int, *size: int) -> torch.Tensor:
    """Real token ids that differ, since equal completions would be computed once."""
    return torch.randint(vocabulary, size, generator=torch.Generator().manual_seed(0))


def _config(file: Path, name: str) -> Any:
    from transformers import AutoConfig

    try:
        json.loads(file.read_text(encoding="utf-8"))
        return AutoConfig.from_pretrained(file.parent, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"MODEL: {name}: {file} is no model's config ({reason})") from None


def _from_hub(name: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(name, "config.json", local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        pass
    try:
        return Path(hf_hub_download(name, "config.json", etag_timeout=2))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"MODEL: {name!r} is no folder here, and the hub does not give its config.json ({reason}); give a folder "
            f"with a config.json, or a built-in architecture ({', '.join(ARCHITECTURES)})"
        ) from None
