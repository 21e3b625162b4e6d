"""GSM8K: grade-school word problems (Cobbe et al. 2021, arXiv:2110.14168), from the hub or from local files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlvr_bench.harness.tasks.datasets.sources import SPLITS, DataRow, DatasetTask, load_splits, make_items, text_of
from rlvr_bench.harness.tasks.settings import refuse_settings, template_problems
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.rewards.numbers import parse_number
from rlvr_bench.rewards.numeric import Numeric
from rlvr_bench.rewards.types import Verifier

TEMPLATE = '{prompt}\nThink step by step, then give the final answer as one number after "####".\n'


@dataclass(frozen=True)
class GSM8KConfig:
    path: str = "openai/gsm8k"
    """Hub name; or a folder with {train,test}.jsonl or gsm8k_{train,test}.jsonl; or one such file, an eighth of
    which is then held out.  A sixteenth of the rows to train on is the split `validation`, unless the folder has a
    file for it."""
    template: str = TEMPLATE
    """What the model reads; `{prompt}` is replaced by the question, other braces are kept."""

    def __post_init__(self) -> None:
        refuse_settings([*([] if self.path else ["path must not be empty"]), *template_problems(self.template)])


class GSM8K(DatasetTask):
    """Questions with one number as the answer; completions answer in `<answer>` tags or after `####`."""

    Config = GSM8KConfig

    def __init__(self, config: GSM8KConfig) -> None:
        self.config = config
        rows = load_splits(config.path, text=lambda row: str(row.get("question")), subset="main", prefix="gsm8k")
        self._items = make_items("gsm8k", dict.fromkeys(SPLITS, config.path), rows, self._item)

    def verifiers(self) -> dict[str, Verifier]:
        """Numeric equality, independent of the format."""
        return {"correct": Numeric()}

    def answer(self, completion: str) -> str | None:
        """The number, in canonical form."""
        return Numeric.answer(completion)

    def _item(self, row: DataRow) -> Item:
        prompt = self.config.template.replace("{prompt}", text_of(row, "question"))
        gold = _gold(row.get("answer"))
        if gold is None:
            raise ValueError("field 'answer' does not end in '#### ' and one number")
        return Item("", prompt, gold)


def _gold(answer: Any) -> str | None:
    """The number after `####`, without its commas; None if there is none."""
    if not isinstance(answer, str) or "####" not in answer:
        return None
    gold = answer.rpartition("####")[2].strip().replace(",", "")
    return None if parse_number(gold) is None else gold
