import html
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from example import example_report

from sonde.base.errors import InputError
from sonde.report import cosine_map, layer_curve, roc_curves, save_figure, score_histograms

SVG = "{http://www.w3.org/2000/svg}"


def every_kind():
    report = example_report()
    return {
        "map": cosine_map({"a": np.ones(3), "b": np.array([1.0, 0.0, 0.0])}),
        "layers": layer_curve(report.sweep, selected=report.run["selected"], n=10),
        "roc": roc_curves(report.test),
        "scores": score_histograms(report.test, control=report.control, threshold=report.threshold),
    }


@pytest.mark.parametrize("kind", list(every_kind()))
def test_a_static_picture_holds_the_words_and_is_the_same_each_time(kind, tmp_path):
    figure = every_kind()[kind]
    first = save_figure(figure, tmp_path / "a.svg").read_bytes()
    assert save_figure(figure, tmp_path / "b.svg").read_bytes() == first
    words = " ".join("".join(node.itertext()) for node in ET.fromstring(first).iter(f"{SVG}text"))
    assert figure.layout.meta["title"] in words
    axis = figure.layout.xaxis.title.text or ""
    assert axis.split("(")[0].strip() in words


def test_the_points_of_a_static_picture_stand_at_their_values(tmp_path):
    """Matplotlib maps data to paper linearly: three points must keep their ratios."""
    from sonde.report.figures.static import _scatter

    class Paper:
        def plot(self, x, y, **look):
            self.x, self.y, self.look = x, y, look

    figure = every_kind()["roc"]
    paper = Paper()
    _scatter(paper, figure.data[0])
    np.testing.assert_array_equal(paper.x, np.array(figure.data[0].x, dtype=float))
    np.testing.assert_array_equal(paper.y, np.array(figure.data[0].y, dtype=float))
    assert paper.look["drawstyle"] == "steps-post"


@pytest.mark.parametrize(("ending", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".html", b"<!doctype html>")])
def test_the_ending_says_what_is_written(ending, magic, tmp_path):
    path = save_figure(every_kind()["map"], tmp_path / f"figure{ending}")
    assert path.read_bytes().lstrip().startswith(magic)


def test_a_page_carries_plotly_and_asks_for_nothing(tmp_path):
    page = save_figure(every_kind()["map"], tmp_path / "f.html").read_text(encoding="utf-8")
    assert "Plotly.newPlot" in page
    assert "default-src 'none'" in html.unescape(page)
    assert 'src="http' not in page


def test_an_unknown_ending_and_an_existing_file_are_one_sentence_each(tmp_path):
    figure = every_kind()["map"]
    with pytest.raises(InputError, match=r"'\.gif': expected one of \.html, \.svg, \.png, \.pdf"):
        save_figure(figure, tmp_path / "f.gif")
    (tmp_path / "f.png").write_text("mine")
    with pytest.raises(InputError, match="exists: pass force=True"):
        save_figure(figure, tmp_path / "f.png")
    assert save_figure(figure, tmp_path / "f.png", force=True).read_bytes()[:4] == b"\x89PNG"


def test_without_matplotlib_the_sentence_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"sonde\[figures\]"):
        save_figure(every_kind()["map"], tmp_path / "f.svg")
