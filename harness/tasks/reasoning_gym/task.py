"""Any generator of reasoning-gym (Stojanovski et al. 2025, arXiv:2505.24760), with its own scorer."""

from __future__ import annotations

import difflib
import json
import random
import string
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from rlvr_bench.harness.tasks.procedural.draw import check_shares, draw, errs, item_rng
from rlvr_bench.harness.tasks.reasoning_gym.probe import ITEMS, worst_payer
from rlvr_bench.harness.tasks.reasoning_gym.scores import ReasoningGymScore, reader_of_generator, scored
from rlvr_bench.harness.tasks.seeds import item_seed
from rlvr_bench.harness.tasks.settings import refuse_settings, template_problems
from rlvr_bench.harness.tasks.types import Item, Split, TaskError
from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.types import Verifier

TEMPLATE = "{prompt}\nThink step by step, then give the final answer between <answer> and </answer>.\n"
OURS = ("seed", "size")
DRAWS = 500  # a generator may take seconds for one
ORDERS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
SLIPS = string.digits + string.ascii_lowercase


@dataclass(frozen=True)
class ReasoningGymConfig:
    dataset: str
    """Name of the generator, as in `reasoning_gym.create_dataset`; not `composite`."""
    options: dict[str, Any] = field(default_factory=dict)
    """The generator's own settings, without `seed` and `size`."""
    seed: int = 0
    """Which endless stream of items; any integer.  The split of a question does not depend on it."""
    template: str = TEMPLATE
    """What the model reads; `{prompt}` is replaced by the question, other braces are kept."""
    unsafe_no_sandbox: bool = False
    """Run scorers without any isolation; set by --unsafe-no-sandbox; recorded in every row."""

    def __post_init__(self) -> None:
        bad = [] if self.dataset else ["dataset must not be empty"]
        bad += [f"options: {name} is set by the task; remove it" for name in OURS if name in self.options]
        refuse_settings([*bad, *template_problems(self.template)])


class ReasoningGym:
    """Questions of one generator; completions answer in `<answer>` tags."""

    Config = ReasoningGymConfig

    def __init__(self, config: ReasoningGymConfig) -> None:
        self.config = config
        self._gym = _package()
        _check_name(self._gym, config.dataset)
        try:
            made = self._dataset(0, size=ITEMS)
            entries = [made[i] for i in range(ITEMS)]
        except Exception as error:  # each generator refuses settings in its own way
            raise TaskError(f"options: the generator {config.dataset!r} refuses them ({_first_line(error)})") from None
        _refuse_gamed(made, [_target(entry) for entry in entries], config.dataset)

    def size(self, split: Split) -> int | None:
        """Endless."""
        return None

    def item(self, split: Split, index: int) -> Item:
        """Each draw gets a generator of its own: reasoning-gym's `seed + index` would give two seeds the same items."""
        name, options = self.config.dataset, json.dumps(self.config.options, sort_keys=True)
        rng = item_rng("reasoning_gym", name, options, self.config.seed, split=split, index=index)

        def make() -> tuple[str, Any]:
            entry = self._dataset(rng.getrandbits(32))[0]
            return entry["question"], entry

        question, entry = draw(split, make, task=name, remedy="widen its options", draws=DRAWS)
        target = _target(entry)
        prompt = self.config.template.replace("{prompt}", question)
        return Item(f"reasoning_gym/{name}/{split}/{index}", prompt, target)

    def verifiers(self) -> dict[str, Verifier]:
        """The generator's own scorer; only its full score counts."""
        unsafe = self.config.unsafe_no_sandbox
        return {"correct": ReasoningGymScore(self.config.dataset, self.config.options, unsafe=unsafe)}

    def answer(self, completion: str) -> str | None:
        """The tagged answer."""
        return tagged_answer(completion)

    def demonstration(self, item: Item, *, noise: float, habit: float = 0.0, seed: int) -> str:
        """The generator's answer without any reasoning; with probability `noise` with one random character in it.

        A kind of step is a character of the answer after the one before it; out of habit it is the next in its order.
        """
        check_shares(noise, habit)
        rng = random.Random(item_seed("reasoning_gym demonstration", item.id, seed))
        right = str(item.target["answer"])
        kinds = [f"{self.config.dataset} {last}{this}" for last, this in zip(" " + right, right, strict=False)]
        answer = "".join(_next(c) if errs(kind, habit, rng) else c for c, kind in zip(right, kinds, strict=True))
        if rng.random() < noise:
            i = rng.randrange(len(right))
            answer = right[:i] + rng.choice([c for c in SLIPS if c != right[i]]) + right[i + 1 :]
        return f"<answer>{answer}</answer>"

    def _dataset(self, seed: int, size: int = 1) -> Any:
        return self._gym.create_dataset(self.config.dataset, **self.config.options, seed=seed, size=size)


def _next(character: str) -> str:
    """The next digit or letter, after the last the first; other characters stay."""
    order = next((o for o in ORDERS if character in o), character)
    return order[(order.index(character) + 1) % len(order)]


def _package() -> ModuleType:
    try:
        import reasoning_gym
    except ImportError as error:
        raise TaskError(
            f"reasoning_gym: the package cannot be imported ({error}); pip install 'rlvr-bench[tasks]'"
        ) from None
    return reasoning_gym


def _check_name(gym: ModuleType, name: str) -> None:
    known = sorted(set(gym.factory.DATASETS) - {"composite"})
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}"
        raise TaskError(f"dataset: reasoning-gym has no generator {name!r}; {hint}")


def _target(entry: Any) -> dict[str, Any]:
    """What the scorer needs of an entry, as JSON."""
    metadata = _builtin(values.encode(entry["metadata"]))
    return {"question": entry["question"], "answer": entry["answer"], "metadata": metadata}


def _refuse_gamed(made: Any, targets: list[dict[str, Any]], name: str) -> None:
    """Raise if the scorer pays for what is not the answer."""
    reader = reader_of_generator(made)

    def pays(answer: str, target: Any) -> bool:
        try:
            return scored(made, answer, target, reader).get("score") == 1.0
        except Exception:  # as in a worker, where it earns nothing
            return False

    payer = worst_payer(targets, pays)
    if payer is not None and payer.problem is not None:
        raise TaskError(
            f"dataset: the scorer of {name!r} {payer.problem}; a policy would learn that instead of the task: "
            "choose another generator, or other options"
        )


def _builtin(form: Any) -> Any:
    """An encoded value where objects of no builtin type become the name of their type; scorers never read them."""
    if isinstance(form, list):
        return [_builtin(part) for part in form]
    if isinstance(form, dict):
        if "like" in form:
            return form["like"][0]
        return form["other"] if "other" in form else {tag: _builtin(body) for tag, body in form.items()}
    return form


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
