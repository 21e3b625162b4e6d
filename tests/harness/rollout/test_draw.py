"""Drawing tokens, against a search through float64 distribution functions row by row."""

from __future__ import annotations

import bisect
import itertools
import math

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from rlvr_bench.harness.rollout.draw import NEAREST_ONE, choose, uniforms
from tests.harness.small_runs import CPU

DRAWS = 5000


def probabilities(logits: Tensor, temperature: float) -> list[list[float]]:
    """Softmax by states, in Python."""
    rows = [[math.exp(z / temperature) for z in row] for row in logits.double().tolist()]
    return [[weight / math.fsum(row) for weight in row] for row in rows]


def random_logits(states: int, vocabulary: int, generator: torch.Generator, scale: float = 2.0) -> Tensor:
    return scale * torch.randn(states, vocabulary, generator=generator)


@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
def test_tokens_come_as_often_as_their_probabilities_say(temperature: float, generator: torch.Generator) -> None:
    logits = random_logits(3, 12, generator)
    logits[1, [0, 5, 11]] = -torch.inf
    owner = torch.arange(3).repeat(DRAWS)
    tokens = choose(logits, owner, uniforms(3 * DRAWS, 1, 0, CPU)[:, 0], temperature=temperature)
    for state, row in enumerate(probabilities(logits, temperature)):
        counts = torch.bincount(tokens[owner == state], minlength=12).tolist()
        assert [c for c, p in zip(counts, row, strict=True) if p == 0] == [0] * row.count(0)
        pairs = [(c, DRAWS * p) for c, p in zip(counts, row, strict=True) if p > 0]
        common = [pair for pair in pairs if pair[1] >= 5]
        rest = [sum(column) for column in zip((0, 1e-9), *(pair for pair in pairs if pair[1] < 5), strict=True)]
        found = chisquare(*zip(*common, rest, strict=True), sum_check=False)
        assert found.pvalue > 1e-3


def test_the_token_is_where_the_distribution_function_exceeds_the_number(generator: torch.Generator) -> None:
    """Many states in any order, several completions in one."""
    logits, rows = random_logits(400, 30, generator), 3000
    owner = torch.randint(400, (rows,), generator=generator)
    uniform = torch.rand(rows, dtype=torch.float64, generator=generator)
    functions = [list(itertools.accumulate(row)) for row in probabilities(logits, 0.7)]
    expected = [bisect.bisect_right(functions[i], u) for i, u in zip(owner.tolist(), uniform.tolist(), strict=True)]
    assert choose(logits, owner, uniform, temperature=0.7).tolist() == expected


@pytest.mark.parametrize("states", [1, 1000])
@pytest.mark.parametrize(
    ("uniform", "expected"), [(0.0, "first"), (NEAREST_ONE, "last"), (1 - 2.0**-53, "last"), (2.0**-60, "first")]
)
def test_the_ends_of_the_range(states: int, uniform: float, expected: str, generator: torch.Generator) -> None:
    """Never a token of probability 0, wherever it stands, nor one of a neighboring state."""
    logits = random_logits(states, 9, generator)
    forbidden = torch.rand(states, 9, generator=generator) < 0.6
    forbidden[:, 4] = False
    logits[forbidden] = -torch.inf
    number = min(uniform, NEAREST_ONE)  # as `uniforms` gives them
    tokens = choose(logits, torch.arange(states), torch.full((states,), number, dtype=torch.float64), temperature=1.0)
    allowed = [[i for i, no in enumerate(row) if not no] for row in forbidden.tolist()]
    assert tokens.tolist() == [row[0 if expected == "first" else -1] for row in allowed]


def test_a_certain_token_is_always_drawn() -> None:
    logits = torch.full((2000, 5), -torch.inf)
    certain = torch.arange(2000) % 5
    logits[torch.arange(2000), certain] = 0.0
    for number in (0.0, 0.5, NEAREST_ONE):
        uniform = torch.full((2000,), number, dtype=torch.float64)
        assert torch.equal(certain, choose(logits, torch.arange(2000), uniform, temperature=0.1))


def test_a_row_does_not_depend_on_the_others(generator: torch.Generator) -> None:
    logits, uniform = random_logits(50, 40, generator), uniforms(200, 1, 1, CPU)[:, 0]
    owner = torch.randint(50, (200,), generator=generator)
    together = choose(logits, owner, uniform, temperature=1.0)
    for rows in (torch.arange(7, 8), torch.arange(199, -1, -3)):
        assert torch.equal(together[rows], choose(logits, owner[rows], uniform[rows], temperature=1.0))
        alone = choose(logits[owner[rows]], torch.arange(len(rows)), uniform[rows], temperature=1.0)
        assert torch.equal(together[rows], alone)


@pytest.mark.parametrize(("first", "rows"), [(0, 1), (3, 4), (5, 60), (64, 1)])
def test_the_numbers_of_a_row_are_those_of_its_place(first: int, rows: int) -> None:
    """A process with a share of the rows has the numbers that one process has for these."""
    whole = uniforms(65, 7, 9, CPU)
    assert torch.equal(whole[first : first + rows], uniforms(rows, 7, 9, CPU, first=first))


def test_the_numbers_are_uniform_and_all_different() -> None:
    numbers = uniforms(100, 50, 2, CPU)
    assert numbers.dtype == torch.float64
    assert len(set(numbers.flatten().tolist())) == 5000
    assert float(numbers.min()) >= 0 and float(numbers.max()) <= NEAREST_ONE < 1
    counts = torch.histc(numbers, 10, 0, 1).tolist()
    assert chisquare(counts).pvalue > 1e-3
    assert not torch.equal(numbers, uniforms(100, 50, 3, CPU))


def test_no_number_is_one_once_a_place_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest that the generator gives, 1 - 2^-53, plus 4096 is 4097 in float64."""
    largest = 1 - 2.0**-53
    assert 4096 + largest == 4097
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, largest, dtype=torch.float64))
    number = float(uniforms(1, 1, 0, CPU))
    assert number < 1 and 10_000_000 + number < 10_000_001
