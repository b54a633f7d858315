import re

import numpy as np
import pytest
from example import example_bins, example_sweep, example_transfer
from scipy.stats import norm

from sonde.base.errors import InputError
from sonde.report import (
    calibration_curves,
    det_curves,
    layer_curve,
    paired_differences,
    roc_curves,
    sae_curves,
    score_histograms,
    transfer_map,
)
from sonde.report.figures.heatmap import DIVERGING
from sonde.report.figures.histograms import bin_edges, shares
from sonde.report.figures.layer_curve import best_rows, kind_of
from sonde.report.figures.roc import recall_at, step_curve
from sonde.report.figures.style import COLOURS, series_style
from sonde.report.token_strip import _STRONGEST


def recall_by_counting(labels, scores, target):
    """The highest share of positives above any threshold that at most `target` of the negatives exceed."""
    best = 0.0
    for threshold in [np.inf, *np.unique(scores)]:
        flagged = scores >= threshold
        if flagged[labels == 0].mean() <= target + 1e-12:
            best = max(best, flagged[labels == 1].mean())
    return best


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("target", [0.01, 0.05, 0.3])
def test_recall_at_a_rate_equals_counting(decimals, target):
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 400)
    scores = np.round(rng.normal(labels, 1.0), decimals)
    assert recall_at(step_curve(labels, scores), target) == pytest.approx(recall_by_counting(labels, scores, target))


def test_a_curve_begins_at_the_rate_n_resolves():
    labels, scores = np.r_[np.ones(50, int), np.zeros(200, int)], np.arange(250.0)
    fpr, recall = step_curve(labels, scores)
    assert fpr[0] == 1 / 200
    assert np.all(np.diff(fpr) >= 0)
    assert np.all(np.diff(recall) >= 0)
    assert (fpr[-1], recall[-1]) == (1, 1)


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60_000)
    fpr, recall = step_curve(labels, rng.normal(labels, 1.0))
    assert len(fpr) <= 601
    assert (fpr[-1], recall[-1]) == (1, 1)
    assert recall_at((fpr, recall), 0.1) == pytest.approx(0.389, abs=0.02)  # Φ(1 + Φ⁻¹(0.1))


def test_one_class_has_no_curve_and_the_caption_says_so():
    figure = roc_curves({"a": (np.ones(5, int), np.arange(5.0))})
    assert "one class only" in figure.layout.meta["caption"]
    assert [t.name for t in figure.data] == ["chance"]


def test_too_few_negatives_get_no_point():
    labels, scores = np.r_[np.ones(50, int), np.zeros(50, int)], np.arange(100.0)
    figure = roc_curves({"a": (labels, scores)})
    assert not [t for t in figure.data if t.mode == "markers"]
    assert "too few negatives" in figure.layout.meta["caption"]


def test_the_point_carries_the_interval_given():
    labels, scores = np.r_[np.ones(200, int), np.zeros(200, int)], np.r_[np.arange(200.0) + 100, np.arange(200.0)]
    figure = roc_curves({"a": (labels, scores)}, recall={"a": {"value": 0.5, "low": 0.4, "high": 0.6}})
    point = next(t for t in figure.data if t.mode == "markers")
    assert point.x == (1.0,)
    assert point.error_y.array[0] == pytest.approx(60 - point.y[0])
    assert figure.layout.xaxis.type == "log"


def test_best_rows_keep_the_best_strength_of_each_site_and_type():
    best = best_rows(example_sweep())
    assert len(best) == 10
    assert {row["l2"] for row in best} == {10.0}


def test_the_layer_curve_shows_intervals_the_selected_point_and_chance():
    figure = layer_curve(
        example_sweep(),
        selected={"site": "blocks.2.hook_resid_post", "probe": "logistic"},
        baselines={"bag of words": 0.46},
        n=2400,
    )
    names = [t.name for t in figure.data]
    assert names == ["logistic", "selected", "mean_difference", "chance", "bag of words 0.460"]
    logistic, ring = figure.data[0], figure.data[1]
    assert logistic.y[4] == ring.y[0] == pytest.approx(0.978)
    assert logistic.error_y.array[4] == pytest.approx(0.015)
    assert "2\u202f400" in figure.layout.meta["caption"]
    assert figure.layout.xaxis.ticktext[0] == "embed"
    assert figure.layout.yaxis.range[0] < 0.46


def test_an_undefined_row_is_counted_and_not_drawn():
    rows = [
        {"site": "blocks.0.hook_resid_post", "layer": 0, "probe": "lda", "l2": None, "auroc": {"value": None}},
        {"site": "blocks.1.hook_resid_post", "layer": 1, "probe": "lda", "l2": None, "auroc": {"value": 0.7}},
    ]
    figure = layer_curve(rows)
    assert list(figure.data[0].x) == [1]
    assert "1 undefined" in figure.layout.meta["caption"]


def test_kinds_of_sites_are_told_apart():
    rows = [
        {"site": f"blocks.{k}.{kind}", "layer": k, "probe": "lda", "l2": 1.0, "auroc": {"value": 0.7}}
        for k in range(40)
        for kind in ("hook_resid_post", "attn.hook_z")
    ]
    figure = layer_curve(rows)
    assert {t.name for t in figure.data} == {"attn.z, lda", "resid_post, lda", "chance"}
    assert len(figure.layout.xaxis.tickvals) <= 20
    assert kind_of("blocks.11.attn.hook_z") == "attn.z"


def test_histograms_give_every_group_its_share():
    rng = np.random.default_rng(0)
    labels, scores, control = rng.integers(0, 2, 300), rng.normal(size=300), rng.normal(size=100)
    edges = bin_edges([scores, control])
    for group in (scores[labels == 1], scores[labels == 0], control):
        assert shares(group, edges).sum() == pytest.approx(100)
    figure = score_histograms(
        {"a": (labels, scores)}, control=control, threshold=0.5, positive="lie", negative="honest"
    )
    assert [t.name for t in figure.data] == ["lie", "honest", "control: control"]
    assert figure.layout.shapes[0].x0 == 0.5
    assert "0.500" in figure.layout.meta["caption"]


def test_equal_scores_still_have_bins():
    assert np.all(np.diff(bin_edges([np.zeros(4)])) > 0)


def test_every_axis_is_named_and_every_ground_is_clear(report):
    for figure in (layer_curve(report.sweep), roc_curves(report.test), score_histograms(report.test)):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert figure.layout.xaxis.title.text or figure.layout.xaxis2.title.text
        assert figure.layout.yaxis.title.text


def test_no_two_series_look_alike():
    looks = {tuple(series_style(k).values()) for k in range(30)}
    assert len(looks) == 30


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_series_colours_stand_out_from_both_papers():
    for k in range(6):
        for paper in ("#fbfbf8", "#131519"):
            assert contrast(series_style(k)["colour"], paper) >= 3


def test_page_colours_have_contrast_for_text():
    from sonde.report.page import asset

    css = asset("page.css")
    light, dark = (
        css.split("@media (prefers-color-scheme: dark)")[0],
        css.split(':root[data-theme="dark"] {')[1].split("}")[0],
    )
    for scheme in (light, dark):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        for ink in ("ink", "soft", "link", "good", "mixed", "bad", "open"):
            for paper in ("paper", "card"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


def blend(colour, opacity, ground):
    """The colour seen where `colour` lies with `opacity` on `ground`."""
    pairs = zip(*([int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in (colour, ground)), strict=True)
    return "#" + "".join(f"{round(opacity * top + (1 - opacity) * under):02x}" for top, under in pairs)


PAPERS = {"light": ("#fbfbf8", "#1d1e20"), "dark": ("#131519", "#e9e8e4")}


@pytest.mark.parametrize("theme", list(PAPERS))
def test_text_can_be_read_on_every_shade_of_a_token_strip(theme):
    paper, ink = PAPERS[theme]
    for colour in COLOURS[:2]:
        for opacity in np.linspace(0, _STRONGEST, 20):
            assert contrast(ink, blend(colour, opacity, paper)) >= 4.5, (colour, opacity)


@pytest.mark.parametrize("theme", list(PAPERS))
def test_numbers_can_be_read_on_every_cell_of_a_map(theme):
    paper, ink = PAPERS[theme]
    (*below, a), (*middle, b), (*above, _) = (re.findall(r"[\d.]+", colour) for _, colour in DIVERGING)
    grey = "#" + "".join(f"{int(v):02x}" for v in middle)
    for end in (below, above):
        colour = "#" + "".join(f"{int(v):02x}" for v in end)
        for share in np.linspace(0, 1, 41):
            opacity = (1 - share) * float(b) + share * float(a)
            assert contrast(ink, blend(blend(colour, share, grey), opacity, paper)) >= 4.5, (colour, share)


def test_sae_curves_show_three_panels_in_their_units():
    rows = [{"samples": 100 * k, "explained_variance": 0.1 * k, "l0": 9.0, "dead": 0.25} for k in (1, 2)]
    figure = sae_curves({"a": rows, "b": rows[:1]}, target_l0=8)
    variance, l0, dead = figure.data[:3]
    assert list(variance.y) == [0.1, 0.2]
    assert list(l0.y) == [9.0, 9.0]
    assert list(dead.y) == [25.0, 25.0]
    assert [t.mode for t in figure.data[3:]] == ["markers"] * 3
    assert figure.layout.shapes[0].y0 == 8
    assert "n = 200" in figure.layout.meta["caption"]
    with pytest.raises(InputError, match=r"history of 'a' has no line"):
        sae_curves({"a": []})


def test_det_draws_misses_on_the_scale_of_the_normal_deviate():
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1], 20_000)
    figure = det_curves({"a": (labels, rng.normal(2.0 * labels, 1.0))}, recall={"a": {"low": 0.3, "high": 0.45}})
    curve, ring = figure.data[0], figure.data[1]
    middle = np.abs(np.array(curve.x)) < 1.5
    slope, at_zero = np.polyfit(np.array(curve.x)[middle], np.array(curve.y)[middle], 1)
    assert slope == pytest.approx(-1.0, abs=0.05)  # equal variances
    assert at_zero == pytest.approx(-2.0, abs=0.05)  # the distance of the means, d'
    assert ring.x[0] == pytest.approx(norm.ppf(0.01))
    assert ring.y[0] == pytest.approx(norm.ppf(1 - recall_at(step_curve(labels, rng_scores(labels)), 0.01)), abs=0.05)
    assert ring.y[0] + ring.error_y.array[0] == pytest.approx(norm.ppf(1 - 0.3))


def rng_scores(labels):
    return np.random.default_rng(2).normal(2.0 * labels, 1.0)


def test_det_says_what_lies_at_infinity():
    labels = np.repeat([0, 1], 50)
    figure = det_curves({"apart": (labels, np.arange(100.0)), "one class": (np.ones(5, int), np.arange(5.0))})
    caption = figure.layout.meta["caption"]
    assert "apart is separated without an error" in caption
    assert "one class has one class only" in caption
    assert [t.name for t in figure.data] == ["chance"]


def test_calibration_shows_shares_intervals_counts_and_error():
    figure = calibration_curves(
        {"a": example_bins(), "b": example_bins()[:1]}, ece={"a": {"value": 0.034, "low": 0.03, "high": 0.04}}
    )
    points, bars = figure.data[1], figure.data[2]
    assert list(points.x) == [b["probability"] for b in example_bins()]
    assert list(points.y) == [b["share"]["value"] for b in example_bins()]
    assert points.error_y.arrayminus[2] == pytest.approx(0.05)
    assert list(bars.y) == [b["n"] for b in example_bins()]
    assert "ECE 0.034" in points.name
    assert "ECE" not in figure.data[3].name


def test_the_transfer_map_marks_the_worst_and_says_undefined():
    entry = example_transfer()
    entry["auroc"][1][0] = {"value": None, "reason": "one class <b>only</b>"}
    figure = transfer_map(entry)
    cells = figure.data[0]
    assert cells.z[0][2] == entry["auroc"][0][2]["value"]
    assert cells.z[1][0] is None
    assert "one class &lt;b&gt;only" in cells.text[1][0]
    assert len(cells.z) == 4  # the last row: trained on all others
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.y0) == (1.5, -0.5)
    two = {**entry, "kinds": entry["kinds"][:2], "n": [1, 2], "auroc": [r[:2] for r in entry["auroc"][:2]]}
    assert len(transfer_map({**two, "left_out": entry["left_out"][:2], "worst": None}).data[0].z) == 2


def test_paired_differences_stand_against_zero():
    entry = {"difference": {"auroc": {"value": -0.1, "low": -0.2, "high": 0.05}, "recall": {}}, "n": 9, "n_groups": 3}
    figure = paired_differences({"t": entry}, {"auroc": "AUROC", "recall": "recall"}, a="<i>x</i>", b="y")
    assert [t.name for t in figure.data] == ["AUROC"]
    assert figure.data[0].error_x.arrayminus[0] == pytest.approx(0.1)
    assert figure.layout.title.text == "&lt;i&gt;x&lt;/i&gt; minus y"
