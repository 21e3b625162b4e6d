"""Estimated widths, held against what TeX itself measured."""

from __future__ import annotations

import pytest

from rlvr_bench.reports.page.latex.font_widths import text_width


@pytest.mark.parametrize(
    ("size", "text", "measured"),
    # points, as \wd of an \hbox under pdflatex
    [
        (9, "0.638 [0.577, 0.699]", 77.08),
        (8, "0.638 [0.577, 0.699]", 70.83),
        (7, "0.638 [0.577, 0.699]", 66.81),
        (9, "GRPO, reward model, 10,000 pairs", 142.27),
        (8, "memory.states.four-model", 95.50),
        (7, "PPO with the same reward source. At most 50 % of GRPO's", 214.66),
        (8, "WAVE Yellow kMGiB/s@k (exact) _x_ < .001 —", 182.55),
    ],
)
def test_an_estimate_is_never_too_narrow_and_little_too_wide(size: int, text: str, measured: float) -> None:
    assert measured <= text_width(text, size) <= 1.035 * measured


def test_accents_take_no_room_and_unknown_letters_a_whole_em() -> None:
    assert text_width("ü", 8) == text_width("u", 8)
    assert text_width("漢", 9) == pytest.approx(9 * 1.029, abs=1e-9)
