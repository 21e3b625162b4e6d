"""Competition mathematics: MATH (Hendrycks et al. 2021, arXiv:2103.03874) and MATH-500, from the hub or local."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlvr_bench.harness.tasks.datasets.sources import SPLITS, DataRow, DatasetTask, load_splits, make_items, text_of
from rlvr_bench.harness.tasks.seeds import TEST_SHARE
from rlvr_bench.harness.tasks.settings import refuse_settings, share_problems, template_problems
from rlvr_bench.harness.tasks.types import Item, Split
from rlvr_bench.rewards.math.answer import last_box
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.numbers import written_out
from rlvr_bench.rewards.types import Verifier

ASK = "Please reason step by step, and put your final answer within \\boxed{}."

PROBLEM = ("problem", "prompt")


@dataclass(frozen=True)
class MathConfig:
    path: str = "HuggingFaceH4/MATH-500"
    """Hub name (`DigitalLearningGmbH/MATH-lighteval` is all of MATH); or a folder with {train,test}.jsonl or
    math_{train,test}.jsonl; or one file.  Rows have `problem` or `prompt`, and `answer` or a `solution` whose last
    box is the answer.  A sixteenth of the rows to train on is the split `validation`, unless the folder has a file
    for it."""
    test_path: str | None = None
    """Another source of the held-out rows, e.g. MATH-500 with MATH as the training set; its split `test` is used."""
    test_share: float = TEST_SHARE
    """Share held out where `path` has a single split, as MATH-500 has, in (0, 1); a problem's text decides."""
    template: str = f"{{prompt}}\n{ASK}\n"
    """What the model reads; `{prompt}` is replaced by the problem, other braces are kept."""

    def __post_init__(self) -> None:
        empty = [f"{name} must not be empty" for name in ("path", "test_path") if self.__dict__[name] == ""]
        refuse_settings([*empty, *share_problems(self.test_share), *template_problems(self.template)])


class Math(DatasetTask):
    """Problems with an exact answer, which completions give in `\\boxed{}` or in `<answer>` tags."""

    Config = MathConfig

    def __init__(self, config: MathConfig) -> None:
        self.config = config
        rows = load_splits(
            config.path, text=_problem, prefix="math", test_share=config.test_share, test_path=config.test_path
        )
        sources: dict[Split, str] = {**dict.fromkeys(SPLITS, config.path), "test": config.test_path or config.path}
        self._items = make_items("math", sources, rows, self._item, MathVerifier)

    def verifiers(self) -> dict[str, Verifier]:
        """Exact mathematical equality."""
        return {"correct": MathVerifier()}

    def answer(self, completion: str) -> str | None:
        """The boxed or tagged answer, in canonical form."""
        return MathVerifier.answer(completion)

    def _item(self, row: DataRow) -> Item:
        text_of(row, *PROBLEM)
        prompt = self.config.template.replace("{prompt}", _problem(row))
        meta = {"level": _level(row.get("level")), "subject": row.get("subject") or row.get("type")}
        return Item("", prompt, _gold(row), {key: value for key, value in meta.items() if value is not None})


def _problem(row: DataRow) -> str:
    """The problem without the instruction that some files append; blank if there is none."""
    text = next((row[field] for field in PROBLEM if isinstance(row.get(field), str)), "")
    return text.removesuffix(ASK).rstrip()


def _gold(row: DataRow) -> str:
    """The answer as text; local files also have it as a number.  Raises ValueError."""
    answer = row.get("answer")
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        return written_out(answer)
    if answer is not None:
        return text_of(row, "answer").strip()
    gold = last_box(text_of(row, "answer", "solution"))
    if gold is None:
        raise ValueError("field 'solution' has no \\boxed{} with the answer")
    return gold


def _level(level: Any) -> Any:
    """Both `Level 5` and 5 become 5."""
    number = str(level).removeprefix("Level ")
    return int(number) if number.isascii() and number.isdigit() else level
