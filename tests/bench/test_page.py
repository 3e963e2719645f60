"""The page of a comparison: whole, true to the numbers, and fetching nothing."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from benching import TINY, bench, comparison, result

from convcore.bench import page


class Outline(HTMLParser):
    """Which tags are open, whether each is closed in turn, and the cells of tables."""

    VOID = frozenset({"meta", "line", "polyline", "circle"})

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1].append(data)


@pytest.fixture
def outline(tmp_path):
    def written(*results):
        found = replace(comparison(*results), versions={"torch": "2.13", "x": None})
        page.write(found, tmp_path / "bench.html")
        return Outline((tmp_path / "bench.html").read_text(encoding="utf-8"))

    return written


def test_every_result_is_a_row_with_its_numbers(outline):
    own, peer = result("im2col", "backend", 2.0, 4.0), result("torch", "peer", 1.0)
    found = outline(own, peer)
    assert found.open == []
    head, first, second = found.rows
    assert head[-1] == "time / best peer"
    assert first[:6] == [TINY, "forward", "im2col", "backend", "2.00 s", "3.00 s"]
    assert first[-1] == "2.00"
    assert second[2:5] == ["torch", "peer", "1.00 s"]


def test_nothing_is_fetched_and_names_are_escaped(outline):
    found = outline(result("<b>&", "backend", 2.0), result("x", "peer", reason="needs <y>"))
    assert not [key for key, _ in found.attributes if key in {"src", "href"}]
    assert "".join(found.rows[1]).startswith(f"{TINY}forward<b>&backend")
    assert "".join(found.rows[-1]).endswith("needs <y>")


def test_bars_are_in_proportion_to_the_rates(tmp_path):
    found = comparison(result("slow", "backend", 4e-7), result("fast", "backend", 1e-7))
    page.write(found, tmp_path / "bench.html")
    text = (tmp_path / "bench.html").read_text(encoding="utf-8")
    fast, slow = map(float, re.findall(r"--part:([\d.]+)", text))
    assert fast == pytest.approx(4 * slow, rel=1e-2)
    assert text.index("<span>fast") < text.index("<span>slow")


def test_a_run_in_which_nothing_was_timed_has_a_page_too(outline):
    found = outline(result("x", "backend", reason="refused"))
    assert found.rows[-1] == [TINY, "forward", "x", "refused"]


def test_the_command_writes_it(tmp_path, fake_peers):
    path = tmp_path / "bench.html"
    status, _ = bench(tmp_path, "--backend", "naive", "--against", "copy", "--html", str(path))
    assert status == 0
    assert "Peers present: copy 0." in path.read_text(encoding="utf-8")
