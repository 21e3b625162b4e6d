"""What a cell was rewarded by is read here: two cells must share it to be a matched pair, and it has a name in words.

A reward source alone is not enough: reward models of many and of few label pairs are two settings, and so are
verifiers of two error rates.  Settings of the reward model are left out where none was used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlvr_bench.reports.cells.environments import show
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.numbers import whole

RANDOM, VERIFIER, LEARNED, BOTH = "random", "verifier", "learned", "both"
MODELED = (LEARNED, BOTH)
_MODEL_SETTINGS = (
    "model", "label_pairs", "label_prompts", "label_samples", "label_noise", "epochs", "optimizer_steps", "batch", "lr"
)  # fmt: skip
_SEEDS = ("label_seed",)  # of replication, which varies inside a cell and is no setting
_ERROR_RATES = ("false_positive_rate", "false_negative_rate")


@dataclass(frozen=True)
class RewardSetting:
    """Equal for two cells exactly if all settings of the reward that were used are."""

    source: str
    pairs: int | None  # that the reward model was trained on; None without one
    false_positives: float
    false_negatives: float
    settings: tuple[tuple[str, str], ...]
    model: str = ""  # that the reward model is made from; "" where it is the policy's, or there is none
    label_noise: float = 0.0  # share of its training pairs that were the wrong way round

    @property
    def noisy(self) -> bool:
        return bool(self.false_positives or self.false_negatives)

    @property
    def title(self) -> str:
        """Short, for a panel."""
        model = "reward model" + (f", {whole(self.pairs)} pairs" if self.pairs is not None else "")
        model += f", {self.model}" if self.model else ""
        model += f", {100 * self.label_noise:g} % wrong" if self.label_noise else ""
        name = {LEARNED: model, BOTH: f"verifier and {model}", RANDOM: "random reward"}.get(self.source, self.source)
        return (name or "reward unknown") + (f", {self._noise}" if self.noisy else "")

    @property
    def phrase(self) -> str:
        """With an article, for a sentence."""
        model = "a reward model" + (f" of {whole(self.pairs)} label pairs" if self.pairs is not None else "")
        model += f", {100 * self.label_noise:g} % of them wrong" if self.label_noise else ""
        model += f", made from {self.model}" if self.model else ""
        name = {
            VERIFIER: "a verifier", LEARNED: model, BOTH: f"a verifier and {model}", RANDOM: "a random reward"
        }.get(self.source, f"the reward {self.source}" if self.source else "an unknown reward")  # fmt: skip
        return name + (f" with {self._noise.replace(', ', ' and ')}" if self.noisy else "")

    @property
    def _noise(self) -> str:
        named = ((self.false_positives, "false positives"), (self.false_negatives, "false negatives"))
        return ", ".join(f"{100 * rate:g} % {name}" for rate, name in named if rate)


def reward_setting(cell: Cell) -> RewardSetting:
    """By the configuration; settings of a reward model count only where one was used."""
    reward = cell.config.get("reward")
    reward = reward if isinstance(reward, Mapping) else {}
    source = str(reward.get("source") or "")
    modeled = source in MODELED
    positives, negatives = (float(reward.get(name) or 0.0) for name in _ERROR_RATES)
    # A rate that was not recorded is 0: records from before there were rates stay comparable with later ones.
    left_out = (*_ERROR_RATES, *_SEEDS, *(() if modeled else _MODEL_SETTINGS))
    used = {k: v for k, v in reward.items() if k not in left_out}
    settings = tuple((k, show(v)) for k, v in sorted(used.items()))
    made_from, turned = str(reward.get("model") or ""), float(reward.get("label_noise") or 0.0)
    return RewardSetting(
        source,
        reward.get("label_pairs") if modeled else None,
        positives,
        negatives,
        settings,
        made_from if modeled else "",
        turned if modeled else 0.0,
    )


def by_reward_setting(cells: Sequence[Cell]) -> dict[RewardSetting, tuple[Cell, ...]]:
    """In the order in which the settings first appear."""
    found: dict[RewardSetting, tuple[Cell, ...]] = {}
    for cell in cells:
        found[reward_setting(cell)] = (*found.get(reward_setting(cell), ()), cell)
    return found
