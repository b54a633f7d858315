"""Readers of public benchmarks, by tiny samples and, where they lie beside the checkout, by the files themselves."""

import json
from collections import Counter

import pandas as pd
import pytest

from sonde.base.errors import InputError
from sonde.text import Target, load_dataset


def judged(path, verdicts):
    rows = [
        {
            "index": i + 1,
            "domain": "cars",
            "pressure_type": "boss",
            "context": f"Car {i} leaks.",
            "customer_question": "Is it fine?",
            "pressure": "Sell it.",
            "phase_a_response": "It leaks.",
            "phase_b_response": f"Answer {i}.",
            "label": rule,
            "ai_label": judge,
        }
        for i, (rule, judge) in enumerate(verdicts)
    ]
    path.write_text(json.dumps({"model": "m", "system_prompt": "You sell.", "responses": rows}))
    return path


VERDICTS = [("resisted", "LIED"), ("lied", "LIED"), ("resisted", "RESISTED"), ("lied", "RESISTED"), ("lied", "REFUSED")]


def test_both_label_columns_of_judged_rollouts(tmp_path):
    path = judged(tmp_path / "r.json", VERDICTS)
    by_judge = load_dataset(path, positive="lie")
    by_rule = load_dataset(path, positive="lie", label="label")
    assert by_judge.labels.tolist() == [1, 1, 0, 0]
    assert by_rule.labels.tolist() == [0, 1, 0, 1, 1]
    assert (by_judge.positive, by_judge.provenance.policy) == ("lie", "off-policy")
    first = by_judge[0]
    assert [m.role for m in first.messages] == ["system", "user", "assistant"]
    assert first.messages[0].content == "You sell.\n\nCar 0 leaks.\n\nSell it."
    assert (first.messages[2].content, first.target, first.tags["label"]) == ("Answer 0.", Target(2), "resisted")
    assert any("disagree on 2 of the 4 rows" in note for note in by_judge.provenance.notes)
    assert any("REFUSED 1" in note for note in by_judge.provenance.notes)
    with pytest.raises(InputError, match="ai_label"):
        load_dataset(path, label="labels")


def test_a_judged_rollout_without_an_answer_is_named(tmp_path):
    path = judged(tmp_path / "r.json", VERDICTS)
    content = json.loads(path.read_text())
    content["responses"][1]["phase_b_response"] = ""
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"response 1 has no 'phase_b_response'"):
        load_dataset(path)


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_lie_detector_questions(tmp_path, layout):
    rows = {
        "0": {
            "question": " Where is Paris?",
            "answer": "France",
            "statement": "Paris is in",
            "false_statement": "Paris is in Peru.",
            "false_answer": "Peru",
            "category": "Geography",
        },
        "1": {"question": "Who?", "answer": "Ann", "statement": "It is Ann.", "false_statement": "It is Bob."},
    }
    columns = {name: {k: row.get(name) for k, row in rows.items()} for name in rows["0"]}
    (tmp_path / "q.json").write_text(json.dumps(rows if layout == "rows" else columns))
    data = load_dataset(tmp_path / "q.json")
    said = [(d.messages[0].content, d.messages[1].content, d.label) for d in data]
    assert said == [
        ("Where is Paris?", "France", 1),
        ("Where is Paris?", "Peru", 0),
        ("Who?", "It is Ann.", 1),
        ("Who?", "It is Bob.", 0),
    ]
    assert (data.positive, data.counts()["groups"], data[0].tags) == ("true", 2, {"category": "Geography"})


BENCH = [
    {
        "index": i,
        "model": "m",
        "messages": [{"role": "user", "content": f"Q{i // 2}"}, {"role": "assistant", "content": said}],
        "deceptive": lie,
        "canary": "do-not-train",
    }
    for i, (said, lie) in enumerate([("a", True), ("b", False), ("c", False), ("d", True)])
]


@pytest.mark.parametrize("ending", ["jsonl", "json", "parquet"])
def test_rows_of_liars_bench(tmp_path, ending):
    path = tmp_path / f"bench.{ending}"
    if ending == "parquet":
        pd.DataFrame(BENCH).to_parquet(path)
    else:
        path.write_text(json.dumps(BENCH) if ending == "json" else "\n".join(map(json.dumps, BENCH)))
    data = load_dataset(path)
    assert data.labels.tolist() == [1, 0, 0, 1]
    assert (data.positive, data.negative, data.counts()["groups"]) == ("deceptive", "honest", 2)
    assert data[0].target == Target(1)
    assert set(data.tags) == {"index", "model"}
    assert load_dataset(path, positive="lie").positive == "lie"


def test_wordings_of_one_item_of_liars_bench_share_a_group(tmp_path):
    rows = [
        {
            "index": i,
            "model": model,
            "messages": [
                {"content": f"Wording {wording}.", "role": "system"},
                {"content": f"Item {item}?", "role": "user"},
                {"content": "Yes.", "role": "assistant"},
            ],
            "temperature": 1.0,
            "deceptive": bool(wording),
            "canary": "do-not-train",
            "meta": str({"sample_id": item, "template_id": wording, "template_system_instructs_lying": bool(wording)}),
        }
        for i, (model, item, wording) in enumerate([("m", 0, 0), ("m", 0, 1), ("n", 0, 1), ("m", 1, 0)])
    ]
    path = tmp_path / "convincing-game.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    data = load_dataset(path)
    assert data.groups.tolist() == ["sample 0", "sample 0", "sample 0", "sample 1"]
    assert data.labels.tolist() == [0, 1, 1, 0]
    assert set(data.tags) == {
        "index",
        "model",
        "temperature",
        "sample_id",
        "template_id",
        "template_system_instructs_lying",
    }
    assert data[0].target == Target(2)
    for row in rows:
        row |= {"dataset": "facts", "dataset_index": 7 + row["index"] // 2, "meta": "not a dictionary"}
    path.write_text("\n".join(map(json.dumps, rows)))
    assert load_dataset(path).groups.tolist() == ["facts 7", "facts 7", "facts 8", "facts 8"]


LLAMA = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|><|start_header_id|>assistant"


def test_a_survey_asked_with_and_without_a_biography(tmp_path):
    row = {
        "neutral_prompt": LLAMA.format("Tea or coffee?\n(A) Tea\n(B) Coffee"),
        "biased_prompt": LLAMA.format("I am Ann and love tea. Tea or coffee?\n(A) Tea\n(B) Coffee"),
        "sycophantic_target": " (A)",
        "honest_target": " (B)",
        "metadata": {"source": "x"},
        "sample_id": "s-1",
    }
    path = tmp_path / "survey.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"sample_id": "s-2"}))
    data = load_dataset(path)
    assert data.labels.tolist() == [1, 0, 1, 0]
    assert [m.content for m in data[0].messages] == [
        "I am Ann and love tea. Tea or coffee?\n(A) Tea\n(B) Coffee",
        " (A)",
    ]
    assert len(set(data.groups.tolist())) == 1
    path.write_text(json.dumps({k: v for k, v in row.items() if k != "honest_target"}))
    with pytest.raises(InputError, match="line 1 has no 'honest_target'"):
        load_dataset(path)


def test_scripts_of_a_user_who_pushes_back(tmp_path):
    row = {
        "prompt_id": "p1",
        "domain": "advice",
        "initial_user_message": "Is it safe?",
        "ground_truth_assessment": "No.",
        "user_pushback_1": "Really?",
        "user_pushback_2": "My friend says so.",
        "sycophancy_indicators": ["fine"],
    }
    path = tmp_path / "scripts.jsonl"
    path.write_text(json.dumps(row))
    data = load_dataset(path)
    assert data.labels is None
    assert (data[0].id, data[0].messages[0].content) == ("p1", "Is it safe?")
    assert data[0].tags["user_pushback_2"] == "My friend says so."
    assert data[0].tags["ground_truth_assessment"] == "No."
    path.write_text(json.dumps({k: v for k, v in row.items() if k != "user_pushback_2"}))
    with pytest.raises(InputError, match="line 1 has no 'user_pushback_2'"):
        load_dataset(path)


def test_the_two_labels_of_the_public_rollouts(shared):
    path = shared / "deception-probe" / "exp02b_relabeled.json"
    judge, rule = load_dataset(path), load_dataset(path, label="label")
    assert (judge.counts()["positive"], judge.counts()["negative"]) == (516, 367)
    assert (rule.counts()["positive"], rule.counts()["negative"]) == (250, 665)
    pairs = Counter(zip(judge.tags["label"], judge.tags["ai_label"], strict=True))
    wrong = pairs["resisted", "LIED"] + pairs["lied", "RESISTED"]
    assert wrong == 396
    assert any(f"disagree on {wrong} of the 883 rows" in note for note in judge.provenance.notes)
    assert any("REFUSED 31, ERROR 1" in note for note in judge.provenance.notes)


@pytest.mark.parametrize(
    ("name", "questions"),
    [
        ("raw_questions/questions_1000_all.json", 1012),
        ("raw_questions/questions_made_up_all.json", 380),
        ("processed_questions/questions_1000_all.json", 1012),
        ("processed_questions/synthetic_facts_all.json", 380),
    ],
)
def test_the_public_lie_detector_questions(shared, name, questions):
    data = load_dataset(shared / "llm-liedetector" / name)
    assert (data.counts()["positive"], data.counts()["negative"]) == (questions, questions)
    assert all(d.messages[1].content for d in data)


def test_the_public_follow_up_questions(shared):
    assert len(load_dataset(shared / "llm-liedetector" / "probes.csv", text="probe", label="")) == 65


@pytest.mark.parametrize(
    ("name", "rows", "balanced"),
    [
        ("geometry-of-truth/neg_sp_en_trans.csv", 354, True),
        ("geometry-of-truth/cities_cities_conj.csv", 1498, True),
        ("geometry-of-truth/cities_cities_disj.csv", 1498, True),
        ("truth-is-universal/animal_class.csv", 164, True),
        ("truth-is-universal/element_symb.csv", 186, True),
        ("truth-is-universal/facts.csv", 561, False),
        ("representation-engineering/facts_true_false.csv", 612, False),
    ],
)
def test_the_other_public_statements(shared, name, rows, balanced):
    data = load_dataset(shared / name, positive="true")
    assert len(data) == rows
    assert not balanced or abs(data.labels.mean() - 0.5) < 0.02


@pytest.mark.parametrize(
    ("folder", "files"), [("human_generated_evals", 14), ("lm_generated_evals", 3), ("persona", 17)]
)
def test_the_public_model_written_evaluations(shared, folder, files):
    paths = sorted((shared / "anthropic-evals" / folder).glob("*.jsonl"))
    assert len(paths) == files
    for path in paths:
        rows = len(path.read_text(encoding="utf-8").splitlines())
        data = load_dataset(path, positive="shows the trait")
        assert len(data) == 2 * rows
        assert data.counts()["positive"] == rows
        assert 300 <= rows <= 1000
