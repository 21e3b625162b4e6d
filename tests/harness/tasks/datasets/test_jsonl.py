"""The user's own rows: loading, splitting and refusing."""

import gzip
import json
from pathlib import Path

import pytest

from rlvr_bench.harness.config.plugins import PluginError
from rlvr_bench.harness.tasks.datasets.jsonl import Jsonl, JsonlConfig
from rlvr_bench.harness.tasks.datasets.sources import SPLITS
from rlvr_bench.harness.tasks.types import Task, TaskError
from rlvr_bench.rewards.numeric import Numeric


@pytest.fixture
def write(tmp_path):
    def write(name, *rows):
        path = tmp_path / name
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
        return str(path)

    return write


def rows(start, stop):
    return [{"prompt": f"{i}+1=", "answer": i + 1} for i in range(start, stop)]


@pytest.mark.parametrize("verifier", ["exact", "numeric", "math"])
def test_small_and_large_numbers_are_written_out(write, verifier):
    path = write("a.jsonl", {"prompt": "a", "answer": 0.00001}, {"prompt": "b", "answer": 1e23})
    held_out = write("b.jsonl", {"prompt": "c", "answer": 0.00001})
    task = Jsonl(JsonlConfig(path=path, test_path=held_out, verifier=verifier))
    targets = sorted(task.item(split, i).target for split in SPLITS for i in range(task.size(split)))
    assert targets == ["0.00001", "0.00001", "1" + "0" * 23]
    right, misread = "<answer>0.00001</answer>", "<answer>e-5</answer>"
    with task.verifiers()["correct"] as judge:
        assert [v.reward for v in judge.verify([right, misread], ["0.00001"] * 2)] == [1.0, 0.0]


def test_split_by_hash(write):
    task = Jsonl(JsonlConfig(path=write("a.jsonl", *rows(0, 400)), test_share=0.25, template="Q: {prompt} {x}"))
    assert isinstance(task, Task)
    items = {s: [task.item(s, i) for i in range(task.size(s))] for s in SPLITS}
    assert sum(map(len, items.values())) == 400
    assert 1 <= len(items["validation"]) <= 36  # a sixteenth of 300, four standard deviations
    assert 65 <= len(items["test"]) <= 135  # 100, four standard deviations
    assert len({i.prompt for part in items.values() for i in part}) == 400
    assert len({i.id for part in items.values() for i in part}) == 400
    first = items["test"][0]
    assert first.prompt == f"Q: {first.meta['row'] - 1}+1= {{x}}"
    assert first.target == str(first.meta["row"])
    for index in (-1, 400):
        with pytest.raises(IndexError):
            task.item("test", index)


def test_a_row_keeps_its_split_when_rows_are_added(write):
    def test_prompts(n):
        task = Jsonl(JsonlConfig(path=write("a.jsonl", *rows(0, n))))
        return [task.item("test", i).prompt for i in range(task.size("test"))]

    assert test_prompts(200)[: len(test_prompts(100))] == test_prompts(100)


def test_two_files_and_verdicts(write):
    config = JsonlConfig(path=write("a.jsonl", *rows(0, 5), "", " "), test_path=write("b.jsonl", *rows(5, 8)))
    task = Jsonl(config)
    assert (task.size("train"), task.size("test")) == (5, 3)
    (verdict,) = task.verifiers()["correct"].verify(["<answer>6</answer>"], [task.item("test", 0).target])
    assert verdict.outcome == "pass"
    assert task.answer("<answer> 6 </answer>") == "6"


def test_a_file_of_its_own_for_validation(write):
    named = {"path": write("a.jsonl", *rows(0, 40)), "validation_path": write("v.jsonl", *rows(40, 44))}
    task = Jsonl(JsonlConfig(**named, test_path=write("t.jsonl", *rows(44, 47))))
    assert [task.size(s) for s in SPLITS] == [40, 4, 3]
    assert [task.item("validation", i).target for i in range(4)] == ["41", "42", "43", "44"]
    without_test = Jsonl(JsonlConfig(**named))
    assert (without_test.size("train") or 0) + (without_test.size("test") or 0) == 40
    assert without_test.size("validation") == 4


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        ((5, 8), (8, 10), r"v\.jsonl: 1 bad rows\n  row 1: its prompt is also that of .*a\.jsonl, row 6; remove one"),
        ((6, 8), (7, 10), r"t\.jsonl: 1 bad rows\n  row 1: its prompt is also that of .*v\.jsonl, row 2; remove one"),
        ((6, 8), (0, 1), r"t\.jsonl: 1 bad rows\n  row 1: its prompt is also that of .*a\.jsonl, row 1; remove one"),
    ],
)
def test_no_prompt_is_in_two_files(validation, test, message, write):
    paths = [write(f"{name}.jsonl", *rows(*span)) for name, span in (("a", (0, 6)), ("v", validation), ("t", test))]
    with pytest.raises(TaskError, match=message):
        Jsonl(JsonlConfig(path=paths[0], validation_path=paths[1], test_path=paths[2]))


def test_bad_rows_are_named_all_at_once(write):
    path = write(
        "bad.jsonl",
        {"prompt": "a", "answer": "1"},
        "{",
        "[1]",
        {"question": "a", "answer": "1"},
        {"prompt": " ", "answer": "1"},
        {"prompt": "a", "answer": None},
        {"prompt": "a", "answer": " "},
        {"prompt": "a", "answer": [1]},
        {"prompt": "a", "answer": True},
        "[" * 100_000,
    )
    with pytest.raises(TaskError) as caught:
        Jsonl(JsonlConfig(path=path))
    head, *lines = str(caught.value).split("\n  ")
    assert head == f"{path}: 9 bad rows"
    assert [int(line.split()[1].rstrip(":")) for line in lines] == list(range(2, 11))
    assert "no field 'prompt' among ['answer', 'question']; add it, or set prompt_field" in lines[2]
    assert "cannot take it" in lines[6] and "choose another verifier" in lines[6]


def test_only_the_first_ten_are_shown(write):
    with pytest.raises(TaskError, match=r"12 bad rows(.|\n)*row 10:(.|\n)*and 2 more$"):
        Jsonl(JsonlConfig(path=write("bad.jsonl", *["{"] * 12)))


def test_duplicates_between_the_files(write):
    config = JsonlConfig(path=write("a.jsonl", *rows(0, 5)), test_path=write("b.jsonl", *rows(3, 7)))
    with pytest.raises(TaskError, match=r"2 bad rows\n  row 1: its prompt is .* row 4; remove(.|\n)*row 2: .* row 5"):
        Jsonl(config)


def test_bytes_that_are_no_text_and_files_that_are_missing(tmp_path):
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b'{"prompt": "caf\xe9", "answer": "1"}')
    with pytest.raises(TaskError, match=r"row 1: not a JSON object .*UTF-8"):
        Jsonl(JsonlConfig(path=str(path)))
    with pytest.raises(TaskError, match="No such file"):
        Jsonl(JsonlConfig(path=str(tmp_path / "none.jsonl")))


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl"])
def test_gzip_is_known_by_what_it_begins_with(write, tmp_path, name):
    plain = write("plain.jsonl", *rows(0, 40))
    packed = tmp_path / name
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + Path(plain).read_bytes()))
    task, same = (Jsonl(JsonlConfig(path=str(path))) for path in (packed, plain))
    for split in SPLITS:
        assert task.size(split) == same.size(split)
        assert all(task.item(split, i) == same.item(split, i) for i in range(same.size(split)))


def test_gzip_that_is_cut_off_or_damaged_is_named(write, tmp_path):
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in rows(0, 40)).encode())
    path = tmp_path / "a.jsonl.gz"
    for bad in (whole[:-9], whole[:2], whole[:30] + bytes(40) + whole[70:], whole[:-8] + bytes(8), whole + b"more"):
        path.write_bytes(bad)
        with pytest.raises(TaskError, match=r"a\.jsonl\.gz: cannot be unpacked \(.*\); pack it again"):
            Jsonl(JsonlConfig(path=str(path)))


MISTAKES = [
    {"type": []}, {"type": "script", "script": "assert ("}, {"type": "stdio", "cases": [{"stdin": 1, "stdout": ""}]},
    {"type": "call", "entry": "f", "cases": [{"args": [], "want": 1, "kwargs": [1]}]},
    {"type": "call", "entry": "f(", "cases": [{"args": [], "want": 1}]}, [], 7, "x",
]  # fmt: skip


@pytest.mark.parametrize("answer", MISTAKES, ids=repr)
def test_a_code_target_with_a_mistake_is_a_bad_row(write, answer):
    path = write(
        "a.jsonl", *[{"prompt": f"add {i}", "answer": ADD} for i in range(40)], {"prompt": "a", "answer": answer}
    )
    with pytest.raises(TaskError, match="1 bad rows\n  row 41: field 'answer': the verifier 'code' cannot take it"):
        Jsonl(JsonlConfig(path=path, verifier="code"))


def test_an_empty_split(write):
    with pytest.raises(TaskError, match="no row for the split test"):
        Jsonl(JsonlConfig(path=write("a.jsonl", *rows(0, 3)), test_share=1e-9))


def test_another_verifier_checks_its_targets_and_names_the_answer(write, monkeypatch):
    monkeypatch.setattr("rlvr_bench.harness.config.plugins.load", lambda group, name: Numeric)
    path = write("a.jsonl", *rows(0, 100))
    task = Jsonl(JsonlConfig(path=path, verifier="numeric"))
    assert task.answer("#### 1,000.0") == "1000"
    with pytest.raises(TaskError, match="row 101: field 'answer': the verifier 'numeric' cannot take it"):
        Jsonl(JsonlConfig(path=write("b.jsonl", *rows(0, 100), {"prompt": "a", "answer": "four"}), verifier="numeric"))


def test_bad_configs_name_every_field():
    with pytest.raises(ValueError, match=r"path .*prompt_field .*test_share .*template"):
        JsonlConfig(path="", prompt_field="", test_share=1, template="x")


ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}]}


def test_code_targets_are_checked_without_opening_a_sandbox(write, monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("a sandbox was opened")

    monkeypatch.setattr("rlvr_bench.rewards.code.verifier.open_sandbox", refuse)
    good = [{"prompt": f"add {i}", "answer": ADD} for i in range(40)]
    task = Jsonl(JsonlConfig(path=write("a.jsonl", *good), verifier="code"))
    assert task.item("train", 0).target == ADD
    assert task.answer("```\nx\n```") == "x" and task.answer("x") is None
    bad = [{"prompt": "a", "answer": answer} for answer in ("def", {**ADD, "cases": []}, {"type": "stdio"}, [1])]
    with pytest.raises(TaskError, match=r"4 bad rows\n  row 41: field 'answer': the verifier 'code' (.|\n)*row 44:"):
        Jsonl(JsonlConfig(path=write("b.jsonl", *good, *bad), verifier="code"))


def test_options_reach_the_verifier(write, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "rlvr_bench.rewards.code.verifier.open_sandbox", lambda tiers, **options: seen.append((tiers, options))
    )
    path = write("a.jsonl", *[{"prompt": f"add {i}", "answer": ADD} for i in range(40)])
    options = {"time_limit_s": 2.0, "tiers": ["landlock"]}
    task = Jsonl(JsonlConfig(path=path, verifier="code", verifier_options=options, unsafe_no_sandbox=True))
    assert task.verifiers()["correct"].time_limit_s == 2.0
    assert seen == [(["landlock"], {"unsafe": True, "workers": None, "memory_bytes": 512 << 20})]


def test_options_that_a_verifier_does_not_have(write):
    path = write("a.jsonl", *[{"prompt": f"add {i}", "answer": ADD} for i in range(40)])
    wanted = r"verifier_options: the verifier 'code' does not take them \(.*'seconds'\); it has: tiers, unsafe, "
    with pytest.raises(TaskError, match=wanted):
        Jsonl(JsonlConfig(path=path, verifier="code", verifier_options={"seconds": 1}))
    with pytest.raises(TaskError, match=r"'exact' does not take them .*; it has: none"):
        Jsonl(JsonlConfig(path=path, verifier_options={"seconds": 1}))
    with pytest.raises(TaskError, match="verifier_options: the verifier 'math' refuses them"):
        Jsonl(JsonlConfig(path=path, verifier="math", verifier_options={"workers": "two"}))
    with pytest.raises(ValueError, match=r"unsafe_no_sandbox applies to .*'exact'.*instead of unsafe"):
        JsonlConfig(path="a", unsafe_no_sandbox=True, verifier_options={"unsafe": True})


def test_golds_of_mathematics_are_read(write):
    good = [{"prompt": f"{i}+x?", "answer": f"x+{i}"} for i in range(40)]
    task = Jsonl(JsonlConfig(path=write("a.jsonl", *good), verifier="math"))
    assert task.answer("\\boxed{1{,}000}") == "1000"
    bad = {"prompt": "a", "answer": "x+\\frac{1}{}"}
    with pytest.raises(TaskError, match="1 bad rows\n  row 41: field 'answer': the verifier 'math' cannot take it"):
        Jsonl(JsonlConfig(path=write("b.jsonl", *good, bad), verifier="math"))


def test_a_verifier_without_the_base_class_is_refused(write, monkeypatch):
    class Bare:
        def verify(self, completions, targets):
            return []

    monkeypatch.setattr("rlvr_bench.harness.config.plugins.load", lambda group, name: Bare)
    with pytest.raises(PluginError, match=r"'mine' .*does not inherit .*\.Verifier; derive the class from it"):
        Jsonl(JsonlConfig(path=write("a.jsonl", *rows(0, 5)), verifier="mine"))


def test_bad_golds_are_named_with_the_file_that_has_them(write):
    train, test = write("a.jsonl", *rows(0, 5)), write("b.jsonl", {"prompt": "a", "answer": "four"}, *rows(5, 8))
    with pytest.raises(TaskError, match=r"^.*b\.jsonl: 1 bad rows\n  row 1: field 'answer': the verifier 'numeric'"):
        Jsonl(JsonlConfig(path=train, test_path=test, verifier="numeric"))
