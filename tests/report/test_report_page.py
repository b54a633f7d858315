import dataclasses
import json
import re

import numpy as np
import pytest
from example import example_run, strip
from sonde_reading import read

from sonde.base.errors import InputError
from sonde.report import ReportData, render_report, render_strips
from sonde.report.figures import layer_curve
from sonde.report.page import embedded


@pytest.fixture(scope="module")
def page(report):
    return render_report(report)


@pytest.fixture(scope="module")
def body(page):
    """The page without plotly's own source."""
    return page[: page.rindex("<script>/**")]


def policy_of(reader):
    return next(v for k, v in reader.attributes if k == "content" and "-src" in v)


def text_of(html):
    return re.sub(r"\s+", " ", read(html).text.replace("\u202f", " "))


def test_the_page_is_well_formed_and_lands_are_named(page):
    reader = read(page)
    assert not reader.errors
    assert not reader.open
    for tag in ("main", "h1", "h2", "h3", "nav", "header", "footer", "caption"):
        assert tag in reader.tags
    assert reader.tags.count("h1") == 1
    assert reader.tags.count("main") == 1
    assert ("href", "#main") in reader.attributes


def test_every_inner_link_and_label_has_its_target(body):
    reader = read(body)
    ids = [v for k, v in reader.attributes if k == "id"]
    assert len(ids) == len(set(ids))
    for key, value in reader.attributes:
        if key == "href" and value.startswith("#"):
            assert value[1:] in ids
        if key == "aria-labelledby":
            assert set(value.split()) <= set(ids)


def test_the_verdict_leads(body):
    text = text_of(body[body.index("<body") :])
    assert text.index("Verdict: not audited") < text.index("AUROC")
    assert "not evidence for the claim" in text


@pytest.mark.parametrize("name", ["supported", "weak", "not supported"])
def test_an_audited_run_shows_its_verdict_and_sentence(report, name):
    run = dict(report.run, audit={"verdict": name, "sentence": "Fires on fiction.", "findings": []})
    html = render_report(ReportData(run))
    assert f"Verdict: {name}" in text_of(html[html.index("<body") :])
    assert "Fires on fiction." in html
    assert f"v-{name.replace(' ', '-')}" in html


def test_the_headline_names_model_site_probe_number_interval_and_n(body):
    said = (
        "On cretan, a logistic probe at blocks.2.hook_resid_post separates lie from honest with AUROC 0.971 "
        "(95 % interval 0.960 to 0.982) on cretan:loyalty-lies (n = 1 052: 412 + 640)."
    )
    assert said in text_of(body)


def test_undefined_numbers_give_their_reason(body):
    assert "undefined: 60 negatives resolve no rate below 1.7 %" in text_of(body)


def test_cretan_is_said_to_be_a_toy(report, body):
    assert "nothing about any other model" in text_of(body)
    other = dict(report.run, model={"name": "Qwen/Qwen3-0.6B", "fingerprint": "x"})
    assert "nothing about any other model" not in text_of(render_report(ReportData(other)))


def test_provenance_cost_and_recipe_are_there(body):
    text = text_of(body)
    for said in (
        "CC0-1.0",
        "on-policy",
        "9f2c61d0a7b84e35",
        "5.9.0",
        "412 336 tokens",
        "1×",
        "0.79×",
        'model = "cretan"',
    ):
        assert said in text, said


def test_the_script_is_embedded_once_and_nothing_is_fetched(page):
    assert page.count("plotly.js v") == 1
    reader = read(page)
    assert not [v for k, v in reader.attributes if k in ("src", "href") and not v.startswith(("#", "data:"))]
    assert "default-src 'none'" in policy_of(reader)
    assert "@import" not in page.split("</style>")[0]


def test_the_policy_allows_exactly_the_scripts_of_the_page(page):
    import base64
    import hashlib

    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in page


@pytest.mark.slow
def test_a_large_run_stays_below_six_megabytes():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 50_000)
    test = {f"set {k}": (labels, rng.normal(labels, 1.0)) for k in range(8)}
    long = strip("long", "lie", 1.0, [("assistant", ["word "] * 5000, list(rng.normal(size=5000)))])
    sweep = [
        {"site": f"blocks.{k}.{s}", "layer": k, "probe": p, "l2": 1.0, "auroc": {"value": 0.8, "low": 0.7, "high": 0.9}}
        for k in range(80)
        for s in ("hook_resid_post", "hook_attn_out", "hook_mlp_out")
        for p in ("logistic", "lda")
    ]
    run = dict(example_run(), test={name: example_run()["test"]["cretan:loyalty-lies"] for name in test})
    data = ReportData(run, sweep, test, rng.normal(size=50_000), {name: [long] * 10 for name in test})
    assert len(render_report(data).encode()) <= 6_000_000


def test_the_barest_run_still_has_a_page():
    html = render_report(ReportData({"schema": 1, "name": "bare", "model": {"name": "m", "fingerprint": "f"}}))
    text = text_of(html)
    assert "No test set was given" in text
    assert "No threshold was set" in text
    assert "<script>" not in html
    assert not read(html).errors


def test_a_small_control_is_not_called_one_percent(report):
    run = dict(report.run, threshold=dict(report.run["threshold"], n=60))
    assert "too few to speak of" in text_of(render_report(ReportData(run)))
    run = dict(report.run, threshold=dict(report.run["threshold"], n=400, note=""))
    assert "coarse" in text_of(render_report(ReportData(run)))


def test_a_realised_rate_recorded_as_an_interval_is_shown_as_one(report):
    run = dict(report.run, threshold=dict(report.run["threshold"], realised=[0.004, 0.018], observed=None))
    assert "0.40 % to 1.8 %" in text_of(render_report(ReportData(run)))


def test_figure_json_cannot_end_its_script():
    rows = [{"site": "</script><b>", "layer": 0, "probe": "<!--", "l2": 1.0, "auroc": {"value": 0.7}}]
    made = embedded(layer_curve(rows))
    assert "<" not in made["json"]
    assert json.loads(made["json"])["data"]


def test_an_unknown_theme_is_refused(report):
    with pytest.raises(InputError, match="expected one of auto, light, dark"):
        render_report(report, theme="sepia")


def test_themes_are_marked_on_the_root(report):
    bare = dataclasses.replace(report, sweep=(), test={}, strips={})
    assert '<html lang="en" data-theme="dark">' in render_report(bare, theme="dark")
    assert '<html lang="en">' in render_report(bare)


def test_strips_have_a_page_without_script(report):
    strips = [s for v in report.strips.values() for s in v]
    html = render_strips(strips, "Scores of a file", 1.283, "lie")
    reader = read(html)
    assert not reader.errors
    assert "script" not in reader.tags
    assert "script-src 'none'" in policy_of(reader)
    assert reader.tags.count("article") == len(strips)
    assert "Nothing was scored" in render_strips([], "empty", None, "lie")
