"""Suite files: structure, order of the runs, and every mistake reported once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.load import ConfigError
from rlvr_bench.harness.config.suite_file import load_suite, plan, shipped
from tests.harness.cli_calls import RUN

SUITE = """
name = "s"
title = "S"
[base]
task = { name = "sort", min_digits = 3 }
[cells.a]
label = "A"
[cells.a.run]
algorithm = { name = "grpo", kl_coef = 0.0 }
[cells.b]
label = "B"
[cells.b.run]
algorithm = { name = "ppo" }
[cells.c]
label = "C"
[cells.c.run]
algorithm = { name = "grpo" }
[parts.one]
kind = "learning"
title = "One"
seeds = [4, 2, 7]
timeout_minutes = 2
[parts.two]
kind = "systems"
title = "Two"
seeds = [1]
cells = ["c", "a"]
run.train.steps = 5
[dry]
seeds = [9]
run.train.steps = 1
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(text: str) -> Any:
        (tmp_path / "s.toml").write_text(text)
        return load_suite(str(tmp_path / "s.toml"))

    return write


def order(planned: list[Any]) -> list[str]:
    return [c.folder for c in planned]


def test_cells_are_interleaved_and_turn_from_seed_to_seed(write: Any) -> None:
    expected = [f"one/{c}/seed-{s}" for s, cells in ((4, "abc"), (2, "bca"), (7, "cab")) for c in cells]
    assert order(plan(write(SUITE))) == [*expected, "two/c/seed-1", "two/a/seed-1"]


def test_layers_of_settings(write: Any) -> None:
    planned = {c.folder: c for c in plan(write(SUITE), overrides=["train.lr=0.5"])}
    first, second = planned["one/a/seed-4"].config, planned["two/c/seed-1"].config
    assert (first.train.steps, second.train.steps, first.train.lr) == (60, 5, 0.5)
    assert (first.algorithm.options["kl_coef"], second.algorithm.options["kl_coef"]) == (0.0, 0.04)
    assert first.task.options["min_digits"] == 3
    assert (planned["one/a/seed-4"].timeout_s, planned["two/c/seed-1"].timeout_s) == (120, 3600)


def test_runs_of_systems_are_alone_and_the_others_have_one_thread_each(write: Any) -> None:
    assert {c.part: c.planned for c in plan(write(SUITE))} == {"one": False, "two": True}
    planned = {c.folder: (c.alone, c.config.compute.threads) for c in plan(write(SUITE))}
    assert planned["one/a/seed-4"] == (False, 1)
    assert planned["two/c/seed-1"] == (True, 0)
    text = SUITE.replace("seeds = [4, 2, 7]", "seeds = [4]\nalone = true\nrun.compute.threads = 3")
    text = text.replace("seeds = [1]", "seeds = [1]\nalone = false")
    planned = {c.folder: (c.alone, c.config.compute.threads) for c in plan(write(text))}
    assert planned["one/a/seed-4"] == (True, 3)
    assert planned["two/c/seed-1"] == (False, 1)


def test_dry_has_its_own_seeds_and_sizes(write: Any) -> None:
    planned = plan(write(SUITE), dry=True, parts=["one"])
    assert order(planned) == [f"one/{c}/seed-9" for c in "abc"]
    assert {c.config.train.steps for c in planned} == {1}


def test_a_window_is_no_longer_than_the_runs(write: Any) -> None:
    hypothesis = """
[[hypotheses]]
id = "speed.step"
text = "C is faster than A."
part = "two"
measure = "step_seconds"
cells = ["c", "a"]
scale = "ratio"
test = "less"
margin = 1.0
window = 6
n = 2
"""
    suite = write(SUITE.replace("seeds = [1]", "seeds = [1, 2]") + hypothesis)
    with pytest.raises(ConfigError) as caught:
        plan(suite)
    line = "hypotheses.speed.step.window: 6 steps, two/{} has 5; shorten it"
    assert list(caught.value.problems) == [line.format("c"), line.format("a")]
    assert len(plan(suite, overrides=["train.steps=6"])) == len(plan(suite, parts=["one"])) + 4
    assert plan(suite, dry=True)


def test_a_k_is_no_larger_than_what_is_drawn(write: Any) -> None:
    hypothesis = """
[[hypotheses]]
id = "samples.many"
text = "A and B find as much."
part = "one"
measure = "pass@64"
cells = ["a", "b"]
scale = "difference"
test = "equivalent"
margin = 0.02
window = 1
n = 3
"""
    suite = write(SUITE + hypothesis)
    line = (
        "hypotheses.samples.many.measure: pass@64 needs as many samples; set measure.many_items, and many_samples to "
    )
    for given in ([], ["measure.many_items=2", "measure.many_samples=63"]):
        with pytest.raises(ConfigError) as caught:
            plan(suite, overrides=given)
        assert list(caught.value.problems) == [f"{line}at least 64 in one/{cell}" for cell in "ab"]
    assert plan(suite, overrides=["measure.many_items=2", "measure.many_samples=64"])


def test_base_models_of_learning_parts_are_measured_and_fewer_items_when_dry(write: Any) -> None:
    def items(text: str, **options: Any) -> dict[str, int]:
        return {c.part: c.config.measure.base_items for c in plan(write(text), **options)}

    assert items(SUITE) == {"one": 256, "two": 0}
    assert items(SUITE, dry=True) == {"one": 2, "two": 0}
    off = SUITE.replace("timeout_minutes = 2", "timeout_minutes = 2\nrun.measure.base_items = 0")
    assert items(off) == items(off, dry=True) == {"one": 0, "two": 0}
    on = SUITE.replace("run.train.steps = 5", "run.train.steps = 5\nrun.measure.base_items = 1000")
    assert items(on) == {"one": 256, "two": 1000}
    assert items(on, dry=True) == {"one": 2, "two": 2}
    (dry,) = {c.config.measure for c in plan(write(SUITE), dry=True, parts=["one"])}
    assert (dry.base_samples, dry.base_pass_items, dry.base_pass_samples) == (2, 1, 2)


def test_a_mistake_of_several_runs_is_reported_once_with_its_cells(write: Any) -> None:
    text = SUITE.replace("min_digits = 3", "min_digits = 1").replace("kl_coef = 0.0", "kl_coef = -1.0")
    with pytest.raises(ConfigError) as caught:
        plan(write(text))
    first, second = sorted(caught.value.problems)
    assert first == "algorithm.kl_coef must be >= 0, got -1.0  [in one/a, two/a]"
    assert second.endswith("got 1  [in one/a, one/b, one/c, two/c, two/a]")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('cells = ["c", "a"]', 'cells = ["x"]'), r"parts\.two\.cells: no cell 'x' \(cells: a, b, c\)"),
        (('kind = "systems"', 'kind = "speed"'), r"parts\.two\.kind: .* got 'speed'"),
        (("seeds = [1]", "seeds = []"), r"parts\.two\.seeds: "),
        (("seeds = [1]", "seeds = [1, 1]"), r"parts\.two\.seeds: duplicate 1"),
        (("timeout_minutes = 2", "timeout_minute = 2"), r"parts\.one\.timeout_minute"),
    ],
)
def test_a_mistake_of_structure_is_reported_with_its_path(change: tuple[str, str], message: str, write: Any) -> None:
    with pytest.raises(ConfigError, match=message):
        write(SUITE.replace(*change))


def test_unknown_names(write: Any) -> None:
    with pytest.raises(ConfigError, match=r"no suite 'quik' \(shipped: baselines, chains, communication, core, gpu-"):
        load_suite("quik")
    with pytest.raises(ConfigError, match=r"no part 'three' in this suite \(parts: one, two\)"):
        plan(write(SUITE), parts=["three"])


@pytest.mark.parametrize("where", ["overrides", "base"])
def test_a_seed_outside_a_part_is_refused_instead_of_ignored(where: str, write: Any) -> None:
    text = SUITE.replace("[base]", "[base]\nseed = 3") if where == "base" else SUITE
    with pytest.raises(ConfigError, match="seed: the seeds of a suite are set in its parts"):
        plan(write(text), overrides=["seed=5"] if where == "overrides" else [])


@pytest.mark.parametrize("dry", [False, True])
@pytest.mark.parametrize("name", shipped())
def test_every_shipped_suite_resolves(name: str, dry: bool) -> None:
    suite = load_suite(name)
    assert suite.name == name
    planned = plan(suite, dry=dry)
    assert {c.part for c in planned} == set(suite.parts)
    assert len(set(order(planned))) == len(planned)
    if dry:
        assert all(c.config.model.name.startswith("tiny:") and c.config.train.steps <= 2 for c in planned)


SEARCH = """
name = "s"
title = "S"
base.task = { name = "sort" }
[searches.ppo]
label = "PPO"
trials = 2
run.algorithm = { name = "ppo" }
[searches.ppo.space]
"train.lr" = { low = 1e-5, high = 1e-3 }
[searches.grpo]
label = "GRPO"
trials = 2
run.algorithm = { name = "grpo" }
space."train.lr" = { low = 1e-5, high = 1e-3 }
[cells.plain]
label = "Plain"
run.algorithm = { name = "grpo" }
[parts.tune]
kind = "search"
title = "Tuning"
seeds = [1, 2]
[parts.one]
kind = "learning"
title = "One"
seeds = [1]
cells = ["plain", "grpo"]
"""


def test_a_search_part_has_a_cell_for_each_trial_and_looks_at_the_validation_split(write: Any) -> None:
    suite = write(SEARCH)
    trials = ["ppo-01", "ppo-02", "grpo-01", "grpo-02"]
    assert suite.parts["tune"].cells == trials
    assert suite.parts["one"].cells == ["plain", "grpo-01", "grpo-02"]
    assert {name: cell.search for name, cell in suite.cells.items()} == {
        "plain": "", "ppo-01": "ppo", "ppo-02": "ppo", "grpo-01": "grpo", "grpo-02": "grpo"
    }  # fmt: skip
    planned = plan(suite)
    assert {c.config.evaluate.split for c in planned if c.part == "tune"} == {"validation"}
    assert {c.config.evaluate.split for c in planned if c.part == "one"} == {"test"}
    assert len({c.config.train.lr for c in planned if c.part == "tune"}) == 4


def test_base_models_are_dealt_to_the_seeds_in_turn(write: Any) -> None:
    planned = plan(write(SUITE.replace("seeds = [4, 2, 7]", "seeds = [4, 2, 7]\nbases = [5, 6]")))
    found = {(c.config.seed, c.config.warm_start.seed, c.config.reward.label_seed) for c in planned if c.part == "one"}
    assert found == {(4, 5, 5), (2, 6, 6), (7, 5, 5)}
    assert {c.config.warm_start.seed for c in planned if c.part == "two"} == {0}


def test_a_part_without_a_cell_is_told(write: Any) -> None:
    with pytest.raises(ConfigError, match=r"parts\.tune\.cells: there are none"):
        write('name = "s"\ntitle = "S"\n[parts.tune]\nkind = "search"\ntitle = "T"\nseeds = [1]\n')


def test_a_run_is_not_taken_for_a_suite(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(RUN)
    with pytest.raises(ConfigError) as caught:
        load_suite(str(tmp_path / "r.toml"))
    (line,) = caught.value.problems
    assert "is a run, not a suite; train it with `rlvr-bench train" in line
