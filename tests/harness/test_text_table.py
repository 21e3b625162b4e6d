"""Tables of plain text: aligned, wrapped, and never read as markup."""

from __future__ import annotations

from rlvr_bench.harness.text_table import WIDTH, text_table


def test_columns_are_aligned_and_lines_have_no_trailing_space() -> None:
    table = text_table(("cell", "seconds"), [("ppo", 1.5), ("grpo, verifier", 12)], title="Time")
    assert table.splitlines() == [
        "Time",
        "cell             seconds",
        "────────────────────────",
        "ppo              1.5",
        "grpo, verifier   12",
    ]


def test_what_is_too_wide_is_wrapped_beside_a_name_that_stays_whole() -> None:
    name, text = "rollout/a_long_name_of_a_metric", "word " * 40
    lines = text_table(("name", "formula"), [(name, text)]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) > 3
    assert lines[2].startswith(f"{name}   word")
    assert " ".join(lines[2:]).split().count("word") == 40


def test_nothing_is_lost_where_the_name_itself_is_too_wide() -> None:
    lines = text_table(("name", "note"), [("x" * 30, "y" * 30)], width=20).splitlines()
    assert max(map(len, lines)) <= 20
    assert "".join(lines).count("x") == "".join(lines).count("y") == 30


def test_brackets_are_text() -> None:
    assert "[bold]0.9[/bold] [0.8, 1.0]" in text_table(("[red]a",), [("[bold]0.9[/bold] [0.8, 1.0]",)])


def test_no_rows_is_the_heading_alone() -> None:
    assert text_table(("a", "b"), []).splitlines()[0] == "a   b"
