"""The shape of the code: who may import whom, how long files are, and that everything is described and tested."""

from __future__ import annotations

import ast
import socket
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rlvr_bench.harness.metrics import markdown

ROOT = Path(__file__).parent.parent
CODE = ("algorithms", "rewards", "harness", "reports")
FILES = {p.relative_to(ROOT): p for folder in CODE for p in sorted((ROOT / folder).rglob("*.py"))}
TREES = {str(name): ast.parse(path.read_text()) for name, path in FILES.items()}
PROTOCOL = {"roles", "prepare", "policy_loss", "value_loss", "checks"}  # documented once, where they are declared

# A room (a folder or a file at the top of its package) imports rooms of earlier lines, and itself.
LAYERS = {
    "harness": (
        ("errors",),
        ("records", "metrics", "seeding", "progress", "text_table"),
        ("config",),
        ("tasks", "accuracy", "meters", "models"),
        ("rollout", "engines"),
        ("state",),
        ("training",),
        ("runs",),
        ("peers", "commands"),
        ("cli",),
    ),
    "reports": (
        ("escape", "stats"),
        ("numbers",),
        ("load",),
        ("cells",),
        ("measures",),
        ("claims",),
        ("figures",),
        ("page",),
    ),
}
# The names of the engines and what a task may offer: data and protocols, which import nothing heavy.
UPWARDS = {
    "harness/config/checks.py": {
        "rlvr_bench.harness.engines",
        "rlvr_bench.harness.rollout",
        "rlvr_bench.harness.tasks.types",
    }
}
# Modules whose test is not `tests/<folder>/test_<module>.py`, and where it is.
TESTED_ELSEWHERE = {
    # The two algorithms and what they share go through the same comparison with the oracle.
    "algorithms/grpo.py": "tests/algorithms/test_parity.py",
    "algorithms/ppo.py": "tests/algorithms/test_parity.py",
    "algorithms/surrogate.py": "tests/algorithms/test_parity.py",
    "algorithms/metrics.py": "tests/algorithms/test_records.py",
    "algorithms/types.py": "tests/algorithms/test_records.py",
    "algorithms/conformance.py": "tests/conformance/test_conformance.py",  # against every installed algorithm
    "algorithms/conformance_run.py": "tests/conformance/test_conformance.py",
    # Not imported but loaded by `evaluate`, both in one process.
    "harness/accuracy/maj_at_k/maj_at_k.py": "tests/harness/accuracy/test_accuracy.py",
    "harness/accuracy/pass_at_k/pass_at_k.py": "tests/harness/accuracy/test_accuracy.py",
    # Chooses an engine by its name; tested beside the one that there is.
    "harness/rollout/__init__.py": "tests/harness/rollout/test_types.py",
    # What `load_base` makes its models from.
    # Seen in what the models compute.
    # The sides of the comparison with another library; that one's needs the other library.
    "harness/peers/ours_step.py": "tests/harness/peers/test_compare.py",
    "harness/peers/trl_step.py": "tests/harness/peers/test_compare.py",
    "harness/peers/work.py": "tests/harness/peers/test_compare.py",
    # What the loop writes into the record with it.
    "harness/training/step_costs.py": "tests/harness/training/test_loop.py",
    "reports/claims/finding.py": "tests/reports/claims/test_study.py",  # a form, which every claim fills in
}


def in_folder(folder: str) -> list[str]:
    return [n for n in TREES if n.startswith(f"{folder}/")]


def module(name: str) -> str:
    return "rlvr_bench." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(name: str, *, top_level: bool = False) -> set[str]:
    """The modules that a file imports, as full dotted names; `from a import b` gives a.b if that is a file."""
    found: set[str] = set()
    for node in TREES[name].body if top_level else ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: relative import"
            found |= {f"{node.module}.{a.name}" for a in node.names} & MODULES or {str(node.module)}
    return found


MODULES = {module(n) for n in TREES}


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def has_logic(tree: ast.AST) -> bool:
    """Whether a function does something: those of protocols have a docstring or an ellipsis only."""
    return any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for function in functions(tree)
        for statement in function.body
    )


def packages(name: str) -> set[str]:
    """Top-level packages, and the rooms of this one by their own names."""
    return {m.split(".")[m.startswith("rlvr_bench.")] for m in imports(name)}


@pytest.mark.parametrize("name", in_folder("algorithms"))
def test_algorithms_import_torch_and_the_standard_library_only(name: str) -> None:
    assert packages(name) <= set(sys.stdlib_module_names) | {"torch", "jaxtyping", "algorithms"}


@pytest.mark.parametrize("name", in_folder("rewards"))
def test_rewards_import_no_sibling_and_no_torch(name: str) -> None:
    forbidden = {"algorithms", "harness", "reports", "results"} | (
        {"torch"} if not name.endswith("learned.py") else set()
    )
    assert not packages(name) & forbidden


@pytest.mark.parametrize("name", in_folder("reports"))
def test_reports_read_records_and_never_import_torch(name: str) -> None:
    assert not packages(name) & {"torch", "transformers", "algorithms", "rewards", "results"}
    ours = {m for m in imports(name) if m.startswith("rlvr_bench.harness")}
    assert ours <= {"rlvr_bench.harness.records", "rlvr_bench.harness.metrics"}


@pytest.mark.parametrize("name", in_folder("harness"))
def test_only_commands_import_reports(name: str) -> None:
    assert "reports" not in packages(name) or name.startswith("harness/commands/")


@pytest.mark.parametrize("name", [n for room in LAYERS for n in in_folder(room) if n != f"{room}/__init__.py"])
def test_nothing_is_imported_upwards(name: str) -> None:
    package, own, *_ = Path(name).with_suffix("").parts
    level = {room: number for number, rooms in enumerate(LAYERS[package]) for room in rooms}
    prefix = f"rlvr_bench.{package}."
    for imported in imports(name) - UPWARDS.get(name, set()):
        if imported.startswith(prefix):
            room = imported.removeprefix(prefix).partition(".")[0]
            assert room == own or level[room] < level[own], f"{own} imports {room}"


def test_figures_do_not_use_claims() -> None:
    assert not [
        n for n in in_folder("reports/figures") if any(m.startswith("rlvr_bench.reports.claims") for m in imports(n))
    ]


@pytest.mark.parametrize("name", [*in_folder("harness/records"), "harness/metrics.py"])
def test_records_import_no_torch(name: str) -> None:
    theirs = {"rlvr_bench.harness.errors", *map(module, in_folder("harness/records"))}
    assert {m for m in imports(name) if m.split(".")[0] not in sys.stdlib_module_names} <= theirs


LIGHT = (
    "reports",
    "rewards",
    "harness.records",
    "harness.config.load",
    "harness.commands.report",
    "harness.peers.compare",
)


@pytest.mark.parametrize("name", LIGHT)
def test_torch_is_not_loaded(name: str) -> None:
    code = f"import sys, rlvr_bench.{name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("name", TREES)
def test_the_folders_are_imported_by_their_full_names(name: str) -> None:
    """`algorithms` alone could be a folder of the user's; results are data and never imported."""
    bare = {imported.split(".")[0] for imported in imports(name)}
    assert not bare & {*CODE, "results", "tests"}


def test_no_cycles_between_modules() -> None:
    """Kahn's algorithm on what is imported when a module is: nothing may be left over."""
    edges = {module(n): imports(n, top_level=True) & MODULES - {module(n)} for n in TREES}
    while free := [m for m, needs in edges.items() if not needs]:
        edges = {m: needs - set(free) for m, needs in edges.items() if m not in free}
    assert not edges


def test_no_file_is_long() -> None:
    lines = {str(n): len(p.read_text().splitlines()) for n, p in FILES.items()}
    assert {n: k for n, k in lines.items() if k > 300} == {}
    assert statistics.median(k for k in lines.values() if k > 1) <= 120


@pytest.mark.parametrize("name", TREES)
def test_no_function_is_long(name: str) -> None:
    lines = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions(TREES[name])}
    assert {function: k for function, k in lines.items() if k > 60} == {}


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent for path in FILES)
    assert {str(folder): count for folder, count in counts.items() if count > 14} == {}


@pytest.mark.parametrize("name", [n for n in TREES if has_logic(TREES[n])])
def test_tests_mirror_the_code(name: str) -> None:
    """The functions of a package's `__init__.py` are tested in a file called after the package."""
    path = Path(name)
    mirrored = Path("tests") / path.parent / f"test_{path.parent.name if path.stem == '__init__' else path.stem}.py"
    where = Path(TESTED_ELSEWHERE.get(name, mirrored))
    assert (ROOT / where).exists(), f"{name} has no {where}"
    assert (name in TESTED_ELSEWHERE) != (ROOT / mirrored).exists(), f"{name} is tested in {mirrored}"


def test_no_utils() -> None:
    assert [n for n in TREES if Path(n).stem in ("utils", "util", "helpers", "misc", "common")] == []


def is_text(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize("name", in_folder("algorithms"))
def test_every_config_field_is_described(name: str) -> None:
    for config in ast.walk(TREES[name]):
        if isinstance(config, ast.ClassDef) and config.name.endswith("Config"):
            for node, after in zip(config.body, [*config.body[1:], None], strict=True):
                assert not isinstance(node, ast.AnnAssign) or is_text(after), ast.unparse(node)


@pytest.mark.parametrize("name", in_folder("algorithms"))
def test_everything_public_has_a_docstring(name: str) -> None:
    assert ast.get_docstring(TREES[name])
    owners: list[ast.Module | ast.ClassDef] = [TREES[name]]
    while owners:
        for node in owners.pop().body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                described = ast.get_docstring(node) or (isinstance(node, ast.FunctionDef) and node.name in PROTOCOL)
                assert described, f"{name}: {node.name}"
                owners += [node] if isinstance(node, ast.ClassDef) else []


def test_the_metrics_page_is_the_table() -> None:
    assert (ROOT / "METRICS.md").read_text() == markdown()


def test_the_tests_reach_no_network() -> None:
    with socket.socket() as outside, pytest.raises(RuntimeError, match="no network"):
        outside.connect(("192.0.2.1", 80))  # an address reserved for documentation
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
