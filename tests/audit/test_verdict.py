import json

import pytest

import sonde
from sonde.audit import CHECKS, Audit, Claim, Finding, chosen_checks, conclude, judge, not_audited
from sonde.base.errors import InputError
from sonde.report import render, render_audit
from sonde.scores import Estimate

CLAIM = Claim("lie", "honest", ("honest", "mistake"))


def findings(**status):
    return [
        Finding(name, status.get(name, "passed"), f"{name} said so", bears=name not in ("causal", "sae_table"))
        for name in CHECKS
    ]


def test_all_passed_is_supported_within_the_scope():
    audit = conclude(findings(), CLAIM)
    assert audit.verdict == "supported"
    assert audit.sentence == "Supported against honest answers and mistakes."
    assert audit.exit_code == 0
    assert conclude(findings(), Claim()).sentence == "Supported against the negatives of its test sets."


@pytest.mark.parametrize("name", ["text_baselines", "shuffled_labels", "prompt_reader", "falsity"])
def test_what_explains_the_result_leaves_nothing_of_the_claim(name):
    audit = conclude(findings(**{name: "failed", "uncertainty": "failed"}), CLAIM)
    assert audit.verdict == "not supported"
    assert audit.exit_code == 3
    assert f"{name}: {name} said so" in audit.sentence
    assert "uncertainty" in audit.sentence
    assert audit.failed == tuple(c for c in CHECKS if c in (name, "uncertainty"))


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"text_baselines", "shuffled_labels", "prompt_reader", "falsity",
                                                       "causal", "sae_table"}))  # fmt: skip
def test_any_other_failure_makes_it_weak(name):
    audit = conclude(findings(**{name: "failed"}), CLAIM)
    assert audit.verdict == "weak"
    assert audit.exit_code == 0
    assert name in audit.sentence


def test_what_could_not_run_leaves_it_open_unless_it_does_not_bear():
    open_ = conclude(findings(topic="could not run"), CLAIM)
    assert open_.verdict == "weak"
    assert open_.sentence == "Weak: left open: topic (topic said so)."
    assert conclude(findings(causal="could not run", sae_table="failed"), CLAIM).verdict == "supported"


def test_limits_stand_in_the_sentence():
    given = findings()
    given[0] = Finding("text_baselines", "passed", "ahead", limits=("fires on fiction (83% flagged)",))
    assert conclude(given, CLAIM).sentence.endswith("; fires on fiction (83% flagged).")


def test_checks_are_chosen_by_name():
    assert chosen_checks("all") == tuple(CHECKS)
    assert chosen_checks("none") == ()
    assert chosen_checks(["style", "pairs"]) == ("style", "pairs")
    with pytest.raises(InputError, match="did you mean 'style'"):
        chosen_checks(["styl"])
    assert not_audited().verdict == "not audited"


def test_checks_not_asked_for_are_said_to_be_missing():
    from planting import evidence

    audit = judge(evidence(), ["pairs"])
    assert audit["pairs"].status == "passed"
    assert audit["style"].sentence == "it was not asked for"
    assert audit.verdict == "weak"
    assert judge(evidence(), "none").verdict == "not audited"


def test_findings_and_audits_draw_themselves():
    audit = conclude(findings(style="failed"), CLAIM)
    assert "style said so" in audit._repr_html_()
    assert "style" in audit["style"]._repr_html_()
    assert render(audit["pairs"]) == audit["pairs"]._repr_html_()
    page = render_audit({**audit.to_json(), "sentence": "<script>"}, title="a & b")
    assert "<script>" not in page
    assert "a &amp; b" in page
    assert "style said so" in page
    assert audit.table().splitlines()[0] == "verdict: weak"


def test_an_audit_survives_run_json():
    first = Finding(
        "style", "failed", "no", Estimate(0.4, 0.3, 0.5, note="coarse"), "AUROC", "0.6", limits=("fiction",)
    )
    audit = conclude([first, *findings()[1:]], CLAIM)
    again = Audit.from_json(json.loads(json.dumps(audit.to_json())))
    assert again == audit
    assert again["style"].statistic.high == 0.5


def test_the_room_can_be_called_and_says_what_data_it_takes():
    from sonde.run.audit_data import as_named

    assert callable(sonde.audit)
    with pytest.raises(InputError, match="expected a Dataset"):
        as_named(["a text"])
