"""The audit joined to a model: what is captured for it, and what the run says of it."""

import json

import pytest

import sonde
from sonde.base.errors import InputError
from sonde.recipe import parse_recipe
from sonde.run.audit import Plan, limits_of
from sonde.run.audit_data import as_named, fitting, knows_of
from sonde.run.summary import summarize

SITE = "blocks.2.hook_resid_post"


@pytest.fixture(scope="module")
def model():
    return sonde.load_model("cretan")


@pytest.fixture(scope="module")
def sets():
    return {split: sonde.load_dataset("cretan:instructed-lies", n=200, split=split) for split in ("train", "test")}


def fitted(model, data, tokens="before(target)"):
    acts = sonde.capture(model, data, sites=SITE, tokens=tokens)
    return sonde.LogisticProbe(l2=100.0).fit(*acts.pool("mean").at(SITE).xy)


def test_verdict_and_sentence_lead_the_summary_and_the_report(demo_run):
    audit = demo_run.content["audit"]
    assert demo_run.verdict == audit["verdict"]
    lines = summarize(demo_run).splitlines()
    assert lines[0].endswith(f": {audit['verdict']}")
    assert lines[1] == audit["sentence"]
    page = demo_run.report_path.read_text(encoding="utf-8")
    assert page.index(f"Verdict: <bdi>{audit['verdict']}</bdi>") < page.index('id="audit"') < page.index('id="results"')
    assert demo_run.probe().audit_ == audit["verdict"]
    assert demo_run.exit_code == (3 if audit["verdict"] == "not supported" else 0)
    json.dumps(audit, allow_nan=False)
    assert demo_run.content["cost"]["audit_seconds"] > 0


def test_the_function_audits_a_probe_at_hand(model, sets):
    probe = fitted(model, sets["train"])
    control = sonde.load_dataset("cretan:honest-chat", n=150, split="control")
    found = sonde.audit(
        probe, model, sets["test"], train=sets["train"], control=control, scope=["honest", "trusted"], resamples=100,
        permutations=199,
    )  # fmt: skip
    assert found.verdict in ("supported", "weak", "not supported")
    assert found["shuffled_labels"].status == "passed"
    assert found["pairs"].status == "passed"
    assert found["falsity"].status != "could not run"
    assert "second_control" in found["calibration"].advice
    assert found["transfer"].status == "could not run"
    alone = sonde.audit(probe, model, {"mine": sets["test"]}, checks=["text_baselines", "uncertainty"], resamples=100)
    assert alone["text_baselines"].status == "could not run"
    assert alone["uncertainty"].status in ("passed", "failed", "could not run")


def test_a_probe_of_another_model_is_refused(model, sets):
    probe = fitted(model, sets["train"])
    probe.origin_ = type(probe.origin_)(**{**vars(probe.origin_), "fingerprint": "another"})
    with pytest.raises(InputError, match="was made for model"):
        sonde.audit(probe, model, sets["test"])


def test_only_a_probe_that_reads_the_prompt_is_masked(model, sets):
    recipe = parse_recipe({"name": "x", "model": "cretan", "data": {"train": "given"}})
    from sonde.audit import AuditData

    data = AuditData(sets["train"], {"test": sets["test"]}, knows=knows_of(model))
    plan = Plan(data, claim_of(sets["test"]), ["prompt_reader", "length_position"], model, limits_of(recipe))
    assert set(plan.needs) == {"prompt_reader/test", "length_position/test"}
    assert "prompt_reader/test" not in plan.extra
    probe = fitted(model, sets["train"])
    assert plan.masked(model, probe, SITE, "before(target)", "mean") == {}
    wide = fitted(model, sets["train"], tokens="all")
    (part,) = plan.masked(model, wide, SITE, "all", "mean").values()
    again = sonde.capture(model, sets["test"], sites=SITE, tokens="all & ~(system | user)").pool("mean")
    assert part.scores == pytest.approx(wide.decision_function(again.at(SITE).X), abs=1e-4)


def claim_of(dataset):
    from sonde.audit import Claim

    return Claim(dataset.positive, dataset.negative)


def test_what_no_longer_fits_is_left_out(model, sets):
    short = fitting(sets["test"], model, {"max_tokens": 40, "truncation": "error"})
    assert 0 < len(short) < len(sets["test"])
    assert (model.tokenize(short).lengths <= 40).all()
    assert fitting(sets["test"], model, {"max_tokens": 40, "truncation": "left"}) is sets["test"]


def test_a_closed_vocabulary_is_known(model):
    knows = knows_of(model)
    assert knows("well, friend,")
    assert not knows("serendipity")


def test_data_sets_come_by_name(sets):
    assert list(as_named(sets["test"])) == ["cretan:instructed-lies"]
    assert list(as_named({"a": sets["test"]})) == ["a"]
    with pytest.raises(InputError, match="mapping"):
        as_named([sets["test"], sets["train"]])


def test_plain_texts_are_restyled_and_have_no_prompt_to_read(small_table, tmp_path):
    recipe = parse_recipe(
        {
            "name": "negation",
            "positive": "negated",
            "model": "cretan",
            "resamples": 100,
            "data": {"train": str(small_table), "group": "city"},
            "probe": {"folds": 2, "l2": [10.0], "types": ["ridge"]},
        }
    )
    run = sonde.train(recipe, out=tmp_path / "run")
    found = {f["check"]: f for f in run.content["audit"]["findings"]}
    assert not found["prompt_reader"]["bears"]
    assert not found["falsity"]["bears"]
    assert run.verdict in ("weak", "not supported")
    if found["text_baselines"]["status"] == "failed":
        assert "the text gives the label away" in run.content["audit"]["sentence"]


def test_without_checks_nothing_is_audited(small_table, tmp_path):
    recipe = {"name": "negation", "positive": "negated", "model": "cretan", "resamples": 100}
    data = {"train": str(small_table), "group": "city"}
    probe = {"folds": 2, "l2": [10.0], "types": ["ridge"]}
    run = sonde.train(
        parse_recipe({**recipe, "data": data, "probe": probe, "audit": {"checks": "none"}}), out=tmp_path / "r"
    )
    assert run.content["audit"]["findings"] == []
    assert run.verdict == "not audited"
    assert run.exit_code == 0


def test_a_probe_of_sequences_is_said_not_to_be_audited():
    from sonde.probes import AttentionProbe
    from sonde.run.audit import audit_run

    found = audit_run(None, None, None, None, AttentionProbe())
    assert found.verdict == "not audited"
    assert "whole sequences" in found.sentence
