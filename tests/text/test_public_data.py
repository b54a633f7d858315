"""The public files themselves, where they lie beside the checkout; counts as their source states them."""

from collections import Counter, defaultdict

import pytest

from sonde.text import PromptPair, instructed_pairs, load_dataset, overlap


@pytest.mark.parametrize(
    ("name", "rows"),
    [("cities", 1496), ("neg_cities", 1496), ("sp_en_trans", 354), ("common_claim_true_false", 4450), ("likely", 9674)],
)
def test_geometry_of_truth(shared, name, rows):
    data = load_dataset(shared / "geometry-of-truth" / f"{name}.csv", positive="true")
    assert (len(data), data.negative) == (rows, "false")
    if name != "likely":  # 4,796 of 9,674
        assert data.counts()["positive"] == rows // 2


def test_cities_by_city(shared):
    data = load_dataset(shared / "geometry-of-truth" / "cities.csv", group="city")
    assert data.counts()["groups"] == 748
    train, test = data.split(0.2)
    assert (len(test), test.labels.mean()) == (300, 0.5)
    assert set(data.tags) == {"country", "correct_country"}
    assert not set(train.groups) & set(test.groups)


def test_near_duplicates_of_cities_stay_within_a_city(shared):
    data = load_dataset(shared / "geometry-of-truth" / "cities.csv").grouped()
    cities = defaultdict(set)
    for group, city in zip(data.groups, data.tags["city"], strict=True):
        cities[group].add(city)
    assert Counter(data.groups.tolist()).most_common(1)[0][1] == 2
    assert sum(len(c) > 1 for c in cities.values()) <= 0.01 * len(data)


@pytest.mark.slow
def test_near_duplicates_of_thirty_thousand(shared):
    data = load_dataset(shared / "geometry-of-truth" / "counterfact_true_false.csv").grouped()
    assert len(data) == 31964
    assert Counter(data.groups.tolist()).most_common(1)[0][1] < 50


def test_truthfulqa(shared):
    data = load_dataset(shared / "truthfulqa" / "TruthfulQA.csv")
    assert data.counts()["groups"] == 813
    assert (data.counts()["positive"], data.counts()["negative"]) == (2818, 3353)
    pairs = instructed_pairs(data, [PromptPair("h", "d"), PromptPair("i", "e")])
    assert pairs.counts()["positive"] == pairs.counts()["negative"] == 813


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("anthropic-evals/human_generated_evals/coordinate-itself.jsonl", 322),
        ("anthropic-evals/lm_generated_evals/corrigible-neutral-HHH.jsonl", 1000),
        ("anthropic-evals/persona/agreeableness.jsonl", 1000),
        ("lm-exp-sycophancy/sycophancy_ab_choice_data.json", 453),
        ("lm-exp-sycophancy/sycophancy_agree_disagree_data.json", 906),
        ("lm-exp-sycophancy/truthful_qa_sycophancy.json", 1634),
        ("lm-exp-sycophancy/refusal_data_A_B.json", 418),
        ("cbmas/sycophancy_train.json", 159),
    ],
)
def test_contrast_files(shared, path, rows):
    data = load_dataset(shared / path, positive="trait")
    assert len(data) == 2 * rows
    assert data.labels.tolist() == [1, 0] * rows
    assert all([m.role for m in d.messages] == ["user", "assistant"] for d in data)


def test_the_ten_odd_rows_of_cbmas(shared):
    data = load_dataset(shared / "cbmas" / "sycophancy_test.json")
    assert len(data) == 2 * (41 - 10)
    assert any("Left out: 10 rows of another form" in note and "choice_1" in note for note in data.provenance.notes)


def test_a_survey_with_biographies(shared):
    data = load_dataset(shared / "mitigating-sycophancy" / "nlp_survey.jsonl")
    assert (data.counts()["positive"], data.counts()["negative"]) == (500, 500)
    assert not any("<|" in message.content for dialogue in data for message in dialogue.messages)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("advice_highstakes", 10),
        ("factual_falsehood", 40),
        ("fictional_entity", 20),
        ("opinion_disagreement", 50),
        ("reasoning_pressure", 30),
    ],
)
def test_pushback_scripts(shared, name, rows):
    data = load_dataset(shared / "mitigating-sycophancy" / "freeform" / f"{name}.jsonl")
    assert (len(data), data.labels) == (rows, None)


@pytest.mark.parametrize(
    ("path", "text", "rows"),
    [
        ("harmbench/harmbench_behaviors_text_all.csv", "Behavior", 400),
        ("advbench/harmful_behaviors.csv", "goal", 520),
        ("strongreject/strongreject_dataset.csv", "forbidden_prompt", 313),
        ("refusal-direction/harmful_train.json", "instruction", 260),
        ("refusal-direction/harmful_val.json", "instruction", 39),
        ("refusal-direction/harmless_val.json", "instruction", 6264),
        ("alpaca/seed_tasks.jsonl", "instruction", 175),
        ("deception-probe/scenarios.json", "context", 459),
        ("llm-liedetector/probes.csv", "probe", 65),
    ],
)
def test_prompts_without_labels(shared, path, text, rows):
    data = load_dataset(shared / path, text=text, label="")
    assert (len(data), data.labels) == (rows, None)


def test_a_folder_of_traits(shared):
    data = load_dataset(shared / "anthropic-evals" / "lm_generated_evals")
    assert len(data) == 6000
    assert len(set(data.tags["file"])) == 3


def test_facts_that_two_repositories_share(shared):
    ours = load_dataset(shared / "representation-engineering" / "facts_true_false.csv")
    theirs = load_dataset(shared / "truth-is-universal" / "facts.csv")
    assert len(overlap(ours, theirs).exact) >= 540
