"""The shape of the code: who may import whom, how long files are, and that everything is described."""

from __future__ import annotations

import ast
import socket
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr_bench.harness.metrics import markdown

ROOT = Path(__file__).parent.parent
CODE = ("algorithms", "rewards", "harness", "reports")
FILES = {p.relative_to(ROOT): p for folder in CODE for p in sorted((ROOT / folder).rglob("*.py"))}
TREES = {str(name): ast.parse(path.read_text()) for name, path in FILES.items()}
PROTOCOL = {"prepare", "loss", "roles"}  # documented once, in algorithms/types.py


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
def test_harness_does_not_import_reports_at_the_top(name: str) -> None:
    assert not {m for m in imports(name, top_level=True) if m.startswith(("rlvr_bench.reports", "results"))}


@pytest.mark.parametrize("name", ["harness/records.py", "harness/metrics.py"])
def test_records_import_no_torch(name: str) -> None:
    assert {m for m in imports(name) if m.split(".")[0] not in sys.stdlib_module_names} <= {"rlvr_bench.harness.errors"}


@pytest.mark.parametrize("package", ["rlvr_bench.reports", "rlvr_bench.rewards", "rlvr_bench.harness.records"])
def test_torch_is_not_loaded(package: str) -> None:
    code = f"import sys, {package}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("name", TREES)
def test_results_are_never_imported(name: str) -> None:
    assert "results" not in packages(name)


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
