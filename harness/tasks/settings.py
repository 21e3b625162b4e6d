"""Settings that several tasks have are checked here; one error names everything wrong with a config."""

from __future__ import annotations

from collections.abc import Sequence


def template_problems(template: str) -> list[str]:
    """What is wrong with a template, for a config's errors."""
    return [] if "{prompt}" in template else [f"template must contain {{prompt}}, got {template!r}"]


def share_problems(test_share: float) -> list[str]:
    """What is wrong with a share of rows to hold out."""
    return [] if 0 < test_share < 1 else [f"test_share must lie in (0, 1), got {test_share}"]


def refuse_settings(problems: Sequence[str]) -> None:
    """Raises ValueError with all that is wrong with a config, if there is anything."""
    if problems:
        raise ValueError("; ".join(problems))


def range_problems(config: object, name: str, lowest: int, highest: int) -> list[str]:
    """What is wrong with the fields `min_<name>` and `max_<name>`, which must lie in order within [lowest, highest]."""
    least, most = getattr(config, f"min_{name}"), getattr(config, f"max_{name}")
    bad = []
    if least < lowest:
        bad.append(f"min_{name} must be at least {lowest}, got {least}")
    if most > highest:
        bad.append(f"max_{name} must be at most {highest}, got {most}")
    if most < least:
        bad.append(f"max_{name} ({most}) must not be below min_{name} ({least})")
    return bad
