"""Text from data can never inject markup: every card, figure and page, in a browser, from hostile strings."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from example import example_bins, example_transfer
from hostile import HOSTILE, hostile_report, spoil
from sonde_reading import read

import sonde.report as drawing
from sonde.activations import Activations
from sonde.audit import Audit, Finding
from sonde.base.tables import ExampleTable, TokenTable
from sonde.report import notebook_figure, render
from sonde.report.features import FeaturePage, IndexEntry, render_feature, render_index
from sonde.run import Comparison, Run
from sonde.scores import Scores
from sonde.text import Dataset, Dialogue
from sonde.tokens import Tokens

pytestmark = pytest.mark.browser


def pretend(kind, /, **facts):
    """A stand-in that the room takes for a value of sonde: what it draws are attributes."""
    made = type(kind, (SimpleNamespace,), {"__module__": "sonde.pretended", "__len__": lambda _: 1})
    return made(**facts)


def hostile_table():
    zeros = np.zeros(2, dtype=np.int64)
    flags = np.zeros(2, dtype=bool)
    ends = np.array([3, 3 + len(HOSTILE)])
    starts = np.array([0, 3])
    spans = {"start": starts, "end": ends, "offsets": np.array([0, 2]), "lengths": np.array([2])}
    columns = {"token_id": zeros, "position": np.arange(2), "role": np.array([2, 3]), "message": zeros}
    return TokenTable(**columns, segment=zeros, special=flags, target=flags, **spans, texts=("abc" + HOSTILE,))


def estimate():
    return {"value": 0.7, "low": 0.6, "high": 0.8, "note": HOSTILE}


def ranking_content():
    latent = {"latent": 1, "auroc": 0.7, "density": 0.1, "test": estimate()}
    content = {"latents": [latent], "k_sparse": {"4": {"test": estimate()}}, "n": {"test": 9}}
    return {**content, "baselines": {HOSTILE: {"test": estimate()}}, "sentence": HOSTILE, "positive": HOSTILE}


def comparison_content():
    run = hostile_report().run
    sides = [{**run, "run": f"{k}{HOSTILE}", "folder": HOSTILE, "verdict": HOSTILE} for k in "ab"]
    test = {"difference": {"auroc": estimate()}, "n": 9, "n_groups": 3, "same_verdict": estimate()}
    row = {"id": HOSTILE, "group": HOSTILE, "excerpt": HOSTILE, "label": 1}
    row |= {side: {"score": 0.1, "flagged": True, "rank": 0.5} for side in "ab"}
    test |= {"rank_correlation": estimate(), "disagreements": [row]}
    direction = {"value": None, "reason": HOSTILE}
    pair = {"a": HOSTILE, "b": HOSTILE, "tests": {HOSTILE: test}, "notes": [HOSTILE], "direction": direction}
    return {"runs": sides, "pairs": [pair], "method": HOSTILE}


def finding():
    names = ("check", "status", "sentence", "measures", "bar", "why", "advice")
    return Finding(**dict.fromkeys(names, HOSTILE), limits=(HOSTILE,))


def latent():
    strips = [strip for given in hostile_report().strips.values() for strip in given]
    return FeaturePage(
        latent=3,
        d_sae=9,
        about=[(HOSTILE, HOSTILE)],
        rows=20,
        active=np.array([1.0, 2.0]),
        top_logits=[(HOSTILE, 1.0)],
        bottom_logits=[(HOSTILE, -1.0)],
        strips=[(HOSTILE, strips)],
        concept=[(HOSTILE, HOSTILE, HOSTILE)],
        neighbours=[(1, 0.5)],
    )


def activations():
    examples = ExampleTable(ids=(HOSTILE, "b"), labels=np.array([0, 1]), positive=HOSTILE, negative=HOSTILE)
    rows = {HOSTILE: torch.arange(10.0).reshape(5, 2)}
    return Activations.of_rows(rows, [0, 2, 5], examples, fingerprint={"model": HOSTILE, "self_check": HOSTILE})


def values():
    """One value of every kind that has a card, every string in it hostile."""
    acts, tokens = activations(), Tokens(hostile_table(), (HOSTILE,), HOSTILE)
    origin = dict.fromkeys(("model", "site", "tokens", "pooling", "positive", "negative"), HOSTILE)
    probe = {"classes_": (0, 1), "origin_": SimpleNamespace(**origin), "n_rows_": 2, "n_features_in_": 2}
    cut = SimpleNamespace(value=1.0, claim=HOSTILE, control=HOSTILE)
    row = {"site": HOSTILE, "probe": HOSTILE, "l2": 1.0, "auroc": estimate()}
    best = SimpleNamespace(**{**row, "auroc": HOSTILE})
    sizes = {"n_layers": 1, "d_model": 2, "n_heads": 1, "vocabulary": 5, "context": None, "device": "cpu"}
    told = dict.fromkeys(("name", "dtype", "backend", "attention", "revision"), HOSTILE)
    return {
        "Dataset": Dataset.from_texts([HOSTILE, "b" + HOSTILE], labels=[1, 0], name=HOSTILE),
        "Dialogue": Dialogue.from_text(HOSTILE, id=HOSTILE, group=HOSTILE, tags={HOSTILE: HOSTILE}),
        "Tokens": tokens,
        "ShownTokens": tokens.show("last(1)"),
        "Activations": acts,
        "Features": acts.pool("mean"),
        "SiteFeatures": acts.pool("mean").at(HOSTILE),
        "Scores": Scores.of_examples(np.array([1.0]), ExampleTable(ids=(HOSTILE,))),
        "Model": pretend("Model", sites=(HOSTILE,), **sizes, **told),
        "Probe": pretend("Probe", get_params=lambda: {HOSTILE: HOSTILE}, threshold_=cut, audit_=HOSTILE, **probe),
        "Sweep": pretend("Sweep", best=lambda: best, rows=[row], method=HOSTILE),
        "Run": Run(HOSTILE, hostile_report().run),
        "Comparison": Comparison(comparison_content()),
        "Audit": Audit(HOSTILE, HOSTILE, (finding(),)),
        "Finding": finding(),
        "SAE": pretend(
            "SAE",
            training={"architecture": HOSTILE},
            model_name=HOSTILE,
            site=HOSTILE,
            d_sae=2,
            d_in=1,
            architecture=HOSTILE,
        ),
        "Ranking": pretend("Ranking", content=ranking_content()),
        "FeaturePage": latent(),
    }


def figures():
    """Every figure, every name in it hostile."""
    data = hostile_report()
    bins = {HOSTILE: example_bins()}
    plane = np.zeros((1, 2))
    names = [HOSTILE]
    history = [{"samples": 1, "l0": 1.0, "dead": 0.0, "explained_variance": 0.5}]
    difference = {HOSTILE: {"difference": {"auroc": estimate()}, "n": 9, "n_groups": 3}}
    return {
        "layer_curve": drawing.layer_curve(data.sweep, selected=data.run["selected"], baselines={HOSTILE: 0.5}),
        "site_grid": drawing.site_grid({(HOSTILE, HOSTILE): estimate()}, on=HOSTILE),
        "roc_curves": drawing.roc_curves(data.test, positive=HOSTILE),
        "det_curves": drawing.det_curves(data.test, positive=HOSTILE),
        "score_histograms": drawing.score_histograms(
            data.test, control=data.control, control_name=HOSTILE, positive=HOSTILE
        ),
        "transfer_map": drawing.transfer_map(spoil(example_transfer())),
        "calibration_curves": drawing.calibration_curves(bins, positive=HOSTILE),
        "projection": drawing.projection(plane, names, axes=(HOSTILE, HOSTILE), names=names),
        "dose_response": drawing.dose_response([0, 1], {HOSTILE: [estimate()] * 2}, behaviour=HOSTILE, n=9),
        "patching_map": drawing.patching_map(np.ones((1, 1)), names, names, n=1),
        "cosine_map": drawing.cosine_map({HOSTILE: np.ones(2)}),
        "paired_differences": drawing.paired_differences(difference, {"auroc": HOSTILE}, a=HOSTILE, b=HOSTILE),
        "sae_curves": drawing.sae_curves({HOSTILE: history}),
    }


def check_inert(dom, console):
    """The page ran nothing, made no element and hid nothing that the text asked for."""
    assert console == []
    for begin, end in (("<script>/**\n* plotly.js", "</script>"),):
        while begin in dom:
            at = dom.index(begin)
            dom = dom[:at] + dom[dom.index(end, at) + len(end) :]
    reader = read(dom)
    assert "<title>pwned</title>" not in dom
    assert not {"img", "textarea"} & set(reader.tags)
    assert not [v for _, v in reader.attributes if v and v.startswith("javascript:")]
    assert not [k for k, _ in reader.attributes if k.startswith("on")]
    assert "\u202e" not in dom
    assert "pwned" in reader.text


def test_every_value_that_has_a_card_is_tried():
    from sonde.report.reprs import _RENDERERS

    missing = set(_RENDERERS) - set(values()) - {"ActivationStore"}  # one of files: what it shows, Activations show too
    assert not missing


def test_every_figure_is_tried():
    made = {n for n in drawing.__all__ if n.endswith(("_map", "_curves", "_curve", "_grid", "_histograms"))}
    made |= {"projection", "dose_response", "paired_differences"}
    assert made == set(figures())


def test_cards_are_inert(browser):
    cards = [render(value) for value in values().values()]
    assert None not in cards
    page = "<!doctype html><html><head><title>still here</title></head><body>" + "".join(cards) + "</body></html>"
    dom, console = browser.open(page)
    assert "<title>still here</title>" in dom
    check_inert(dom, console)


def test_figures_are_inert_and_drawn(browser):
    made = figures().values()
    parts = [notebook_figure.figure_html(f, i, with_script=i == 0) for i, f in enumerate(made)]
    page = "<!doctype html><html><head><title>still here</title></head><body>" + "".join(parts) + "</body></html>"
    dom, console = browser.open(page)
    assert "<title>still here</title>" in dom
    assert dom.count('class="plot js-plotly-plot"') == len(parts)
    check_inert(dom, console)


@pytest.mark.parametrize("name", ["audit", "compare", "latent", "index"])
def test_pages_are_inert(browser, name):
    said = {"verdict": HOSTILE, "sentence": HOSTILE, "findings": [finding().to_json()]}
    made = {
        "audit": lambda: drawing.render_audit(said, HOSTILE),
        "compare": lambda: drawing.render_comparison(comparison_content()),
        "latent": lambda: render_feature(latent()),
        "index": lambda: render_index([IndexEntry(1, 0.1, 2.0, HOSTILE, z=1.0)], HOSTILE, [(HOSTILE, HOSTILE)]),
    }
    check_inert(*browser.open(made[name]()))
