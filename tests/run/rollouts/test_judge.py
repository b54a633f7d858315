"""The judge against a local stand-in that fails in every way there is."""

import json
import socket

import pytest
from stand_in import StandIn, serving

from sonde.base.errors import InputError, SondeError
from sonde.recipe import RolloutRecipe
from sonde.run.rollouts.judge import make_judge
from sonde.run.rollouts.verdicts import Case, JudgeRefused, MalformedVerdict, read_verdict

KEY = "sk-not-to-be-written"


def decide(text):
    return json.dumps({"verdict": "Lyon" if "Lyon" in text.split("Answer:")[1].split("Which")[0] else "Paris"})


@pytest.fixture
def judge(monkeypatch, tmp_path):
    monkeypatch.setenv("A_KEY", KEY)

    def make(url, **changes):
        settings = {"judge_timeout": 30.0, "judge_attempts": 4, "judge_workers": 2, **changes}
        recipe = RolloutRecipe(
            questions="q",
            judge_model="judge",
            judge_url=url,
            judge_key="A_KEY",
            cache=str(tmp_path / "cache"),
            **settings,
        )
        made = make_judge(recipe)
        made.pause = (0.001, 0.01)
        return made

    return make


def cases(n):
    return [
        Case(f"Question {i}?", "It is Lyon." if i % 2 else "Paris, of course.", ("Paris", "Lyon")) for i in range(n)
    ]


FAILURES = ["timeout", "429", "malformed", "not json", "refusal", "empty", "disconnect", "500"]


@pytest.mark.parametrize("failure", FAILURES)
def test_one_failure_is_retried_and_counted(failure, judge):
    server = StandIn(decide, [failure])
    with serving(server) as url:
        reader = judge(url, judge_timeout=1.0 if failure == "timeout" else 30.0)
        assert reader.read(cases(3)) == ["Paris", "Lyon", "Paris"]
    assert (server.requests, reader.counts["requests"], reader.counts["verdicts"]) == (4, 4, 3)
    kind = {
        "429": "rate_limited",
        "500": "server_error",
        "not json": "malformed",
        "refusal": "refused",
        "empty": "refused",
    }
    assert reader.counts[{"disconnect": "disconnected"}.get(failure, kind.get(failure, failure))] == 1


def test_a_storm_loses_nothing_and_what_is_judged_is_never_asked_again(judge, tmp_path):
    server = StandIn(decide, FAILURES * 2)
    with serving(server) as url:
        assert judge(url, judge_attempts=12, judge_timeout=1.0).read(cases(20)) == ["Paris", "Lyon"] * 10
        asked = server.requests
        again = judge(url)
        assert again.read(cases(20)) == ["Paris", "Lyon"] * 10
        assert (server.requests, again.counts["cached"], again.counts["requests"]) == (asked, 20, 0)
    assert set(server.keys) == {f"Bearer {KEY}"}
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Lyon" in written
    assert KEY.encode() not in written


def test_a_case_without_verdict_stays_open_and_is_asked_about_again(judge):
    server = StandIn(decide, ["malformed"] * 3)
    with serving(server) as url:
        first = judge(url, judge_attempts=3, judge_workers=1)
        verdicts = first.read(cases(2))
        assert verdicts.count(None) == 1
        assert (first.counts["malformed"], first.counts["unjudged"], first.counts["verdicts"]) == (3, 1, 1)
        assert judge(url).read(cases(2)) == ["Paris", "Lyon"]


def test_an_endpoint_that_dies_midway_keeps_what_was_judged(judge):
    server = StandIn(decide, [None] * 6 + ["disconnect"] * 1000)
    with serving(server) as url:
        with pytest.raises(SondeError, match="what was judged is kept"):
            judge(url, judge_attempts=2, judge_workers=1).read(cases(40))
        server.script = []
        again = judge(url)
        assert again.read(cases(40)) == ["Paris", "Lyon"] * 20
        assert again.counts["cached"] == 6


def test_an_unreachable_endpoint_is_one_sentence(judge):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    with pytest.raises(SondeError) as error:
        judge(url, judge_attempts=2).read(cases(3))
    assert url in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("status", "said"), [("401", "rejects the key"), ("404", "does not know 'judge'")])
def test_what_no_retry_mends_is_said_at_once_without_the_key(status, said, judge):
    server = StandIn(decide, [status] * 50)
    with serving(server) as url, pytest.raises(InputError, match=said) as error:
        judge(url, judge_workers=1).read(cases(5))
    assert KEY not in str(error.value)
    assert server.requests <= 5


def test_a_missing_key_is_one_sentence(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        make_judge(RolloutRecipe(questions="q", judge_model="judge"))
    assert make_judge(RolloutRecipe(questions="q")) is None


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ('{"verdict": "Paris"}', "Paris"),
        ('```json\n{"verdict": " lyon "}\n```', "Lyon"),
        ('{"thought": {"a": 1}} {"verdict": "unclear"}', "unclear"),
    ],
)
def test_verdicts_are_found_in_replies(reply, verdict):
    assert read_verdict(reply, ["Paris", "Lyon", "unclear"]) == verdict


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ('{"verdict": "Rome"}', MalformedVerdict),
        ("Paris", MalformedVerdict),
        ("", JudgeRefused),
        (None, JudgeRefused),
        ("I can't do that.", JudgeRefused),
    ],
)
def test_replies_without_a_verdict(reply, error):
    with pytest.raises(error):
        read_verdict(reply, ["Paris", "Lyon"])


def test_free_text_is_compared_with_the_belief():
    case = Case("Where is Paris?", "In Peru.", believed="France")
    assert "France" in case.messages()[1]["content"]
    assert case.choices == ("agrees", "contradicts", "refuses", "unclear")
    assert (case.parsed("contradicts").kind, case.parsed("agrees").kind, case.parsed("refuses").kind) == (
        "denied",
        "asserted",
        "refused",
    )
