"""Feature pages: escaped, self-contained, and complete without a script."""

import json
import re

import numpy as np
import pytest

from sonde.report import TokenStrip
from sonde.report.features import FeaturePage, IndexEntry, histogram_svg, page_name, render_feature, render_index
from sonde.report.features.histogram import round_ticks

EVIL = '<script>alert("x")</script>'


def page(**changes):
    strip = TokenStrip("id-1", "", 3.0, ("a", EVIL, "c"), (0.0, 3.0, None), ("text",) * 3)
    given = {
        "latent": 7,
        "d_sae": 64,
        "about": [("model", EVIL)],
        "rows": 200,
        "active": np.array([0.5, 1.0, 3.0]),
        "top_logits": [(EVIL, 1.25)],
        "bottom_logits": [("down", -0.5)],
        "strips": [("Highest", [strip])],
        "concept": [("AUROC", "0.75", "how often")],
        "neighbours": [(9, 0.5), (11, 0.25)],
    }
    return FeaturePage(**{**given, **changes})


def test_a_page_holds_everything_and_runs_nothing():
    html = render_feature(page(), linked=[9])
    assert "<script" not in html
    assert not re.search(r'(src|href)="(https?:)?//', html)
    for said in ("Latent 7", "1.5", "1.250", "−0.500", "AUROC", "0.75", 'href="latent-9.html"'):
        assert said in html, said
    assert "latent-11.html" not in html


def test_a_latent_that_is_nowhere_active():
    html = render_feature(page(active=np.zeros(0), strips=[], top_logits=[], bottom_logits=[], neighbours=[]))
    assert "active nowhere in this data" in html


def test_the_histogram_has_a_bar_for_every_bin_that_is_not_empty():
    values = np.array([0.1, 0.1, 0.9, 1.0])
    svg = str(histogram_svg(values, bins=4))
    assert svg.count("<rect") == 2
    assert "2 rows" in svg


@pytest.mark.parametrize("end", [0.07, 1.0, 1.3, 9.9, 242.0, 5000.0])
def test_ticks_are_round_and_end_within_the_data(end):
    ticks = round_ticks(end)
    assert 4 <= len(ticks) <= 9
    assert ticks[0] == 0
    assert ticks[-1] <= end < ticks[-1] + ticks[1] * 1.0001
    assert float(f"{ticks[1]:.0e}") == pytest.approx(ticks[1])


def test_the_index_holds_every_latent_and_only_its_own_script():
    entries = [IndexEntry(i, 0.1, 2.0, EVIL, z=1.0) for i in range(16_000)]
    html = render_index(entries, "Latents", [("model", "m")])
    assert html.count("<script") == 2
    data = re.search(r'id="rows">(.*?)</script>', html, re.DOTALL)[1]
    assert len(json.loads(data)) == 16_000
    assert "alert" not in html.replace(data, "")
    assert len(html) < 3_000_000
    assert page_name(3) == "latent-3.html"
