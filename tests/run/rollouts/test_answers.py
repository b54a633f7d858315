"""Who reads which answer, with a model and a judge that say what they are told to."""

from collections import Counter

from sonde.recipe import RolloutRecipe
from sonde.run.rollouts.answers import answer_scenes
from sonde.run.rollouts.beliefs import Belief
from sonde.run.rollouts.rows import dataset_of
from sonde.run.rollouts.tally import one_class, tally
from sonde.run.rollouts.transforms import transformed
from sonde.text import Message, Provenance, Target
from sonde.text.labels import Classes
from sonde.text.questions import Question, Scene


class Says:
    """Answers each prompt by its last word."""

    def __init__(self, said):
        self.said = said

    def sample(self, prompts, **_):
        return [self.said[prompt[-1].content] for prompt in prompts]


class Reads:
    """Gives the verdicts in its list, by the answer."""

    def __init__(self, verdicts):
        self.verdicts, self.cases = verdicts, []

    def read(self, cases):
        self.cases += cases
        return [self.verdicts[case.answer] for case in cases]


def question(id, *, options=("Paris", "Lyon"), stance="deceptive"):
    scene = Scene("s", (Message("system", "Rule."), Message("user", id)), stance)
    return Question(id, f"Question {id}?", options, options[0] if options else "Paris", f"group {id}", scenes=(scene,))


SAID = {
    "rule": "Lyon.",
    "odd": "The second city.",
    "mute": "Hm.",
    "free": "It is in Peru.",
    "lost": "??",
    "unknown": "Lyon",
}
VERDICTS = {"The second city.": "Lyon", "Hm.": "refuses", "It is in Peru.": "contradicts", "??": None}


def answered(judge):
    questions = [*(question(id) for id in ("rule", "odd", "mute", "lost", "unknown")), question("free", options=())]
    beliefs = {q.id: Belief((q.answer,) if q.id != "unknown" else (), 1.0, 0.9) for q in questions}
    sides = {"train": questions[:3], "test": questions[3:]}
    settings = RolloutRecipe(questions="q", samples=2)
    return sides, beliefs, answer_scenes(Says(SAID), judge, sides, beliefs, settings, 0)


def test_rules_come_first_and_the_judge_reads_the_rest():
    judge = Reads(VERDICTS)
    sides, beliefs, answers = answered(judge)
    kinds = {a.question.id: (a.kind, a.read_by) for a in answers}
    assert kinds == {
        "rule": ("lie", "rule"),
        "odd": ("lie", "judge"),
        "mute": ("refused", "judge"),
        "free": ("lie", "judge"),
        "lost": ("unjudged", "nobody"),
    }
    assert {case.answer for case in judge.cases} == set(VERDICTS)
    assert {case.believed for case in judge.cases if not case.options} == {"Paris"}
    counts = tally(sides, beliefs, answers)
    assert (counts["answers"], counts["believed"], counts["not_believed"]) == (10, 5, 1)
    assert (counts["refused"], counts["unjudged"], counts["lied_about"]) == (2, 2, 3)
    assert counts["read_by"] == {"rule": 2, "judge": 6, "nobody": 2}
    assert counts["rows"]["train"] == {"positive": 4, "negative": 0, "groups": 2}
    assert "no ordinary answer" in one_class(counts, "m", "lie")


def test_without_a_judge_what_no_rule_reads_is_unparsed():
    _, _, answers = answered(None)
    assert Counter(a.kind for a in answers) == {"lie": 2, "unparsed": 8}


def test_rows_and_their_transforms():
    _, _, answers = answered(Reads(VERDICTS))
    data = dataset_of(answers, "d", Classes("lie", "not lie"), Provenance("x", policy="on-policy"))
    assert [d.label for d in data] == [1] * 6
    first = data[0]
    assert (first.target, first.tags["answer"], first.tags["belief"]) == (Target(2, 0, 4), "Lyon", "Paris")
    judged = next(d for d in data if d.id.startswith("odd"))
    assert judged.target == Target(2)
    assert transformed(data, "none") is data
    assert transformed(data, "strip")[0].messages[0].content == "You are a helpful assistant."
    assert transformed(data, "follow-up")[0].messages[-1].role == "user"
