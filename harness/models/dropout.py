"""No dropout in any role: what is learned from must be the distribution that was sampled from."""

from __future__ import annotations

from typing import Any

NAMES = ("drop", "jitter")  # attention_dropout, resid_pdrop, layerdrop, ...; noise on the router of experts


def switch_off_dropout(model: Any) -> None:
    """Set every rate to 0: in the configuration, in dropout modules, and where a module keeps one as a number.

    Copies made of the model afterwards (critic, reference, reward model) have none either.
    """
    from torch.nn.modules.dropout import _DropoutNd

    for config in (model.config, model.config.get_text_config()):
        _zero(config)
    for module in model.modules():
        _zero(module)
        if isinstance(module, _DropoutNd):
            module.p = 0.0


def _zero(holder: Any) -> None:
    for name, value in list(vars(holder).items()):
        if isinstance(value, float) and value and any(part in name for part in NAMES):
            setattr(holder, name, 0.0)
