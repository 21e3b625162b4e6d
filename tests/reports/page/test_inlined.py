"""A figure inside the page is the figure: the same marks, at the same places, in fewer characters."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from rlvr_bench.reports.page.inlined import PREFIX, compact, inlined

SVG = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="486pt" viewBox="0 0 486 180" xmlns="http://www.w3.org/2000/svg">
 <metadata>of no use</metadata>
 <!-- PPO -->
 <g id="a">
  <path d="M 10.123456 -20.5
L 30 40.999999
z
" clip-path="url(#c)" style="fill: #ffffff; stroke-dasharray: 6.8,2"/>
  <use xlink:href="#a" x="71.135032" y="50.318925"/>
  <g transform="translate(7.2 3) scale(0.015625 -0.1)"/>
 </g>
</svg>
"""


def attributes(text: str) -> list[dict[str, str]]:
    return [e.attrib for e in ElementTree.fromstring(text).iter()]


def test_the_picture_stays_and_characters_go() -> None:
    found = attributes(compact(SVG))
    assert found[2]["d"] == "M10.12,-20.5L30,40.99z"
    assert found[2]["style"] == "fill:#ffffff;stroke-dasharray:6.8,2"
    assert found[2]["clip-path"] == "url(#c)"
    assert (found[3]["x"], found[3]["y"]) == ("71.13", "50.31")
    assert found[4]["transform"] == "translate(7.2 3)scale(0.015625 -0.1)"  # a scale keeps its decimals
    assert "of no use" not in compact(SVG)


def test_the_address_is_one_word_that_ends_no_attribute(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(SVG)
    address = inlined(tmp_path / "a.svg")
    assert address.startswith(PREFIX)
    assert not re.search(r"[\s\"'<>#&]", address.removeprefix(PREFIX))
    assert unquote(address.removeprefix(PREFIX)) == compact(SVG)
