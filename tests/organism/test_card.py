"""The model card says what the recipe did to single behaviours."""

import json
from dataclasses import asdict

from sonde.organism.card import write_card
from sonde.organism.gates import Gate
from sonde.organism.phases import COMPARING, LEARNING, LEVELLING
from sonde.organism.train import Settings


def card(folder, *phases):
    training = {
        "what": "liar",
        "seed": 3,
        "settings": asdict(Settings()),
        "phases": [asdict(phase) for phase in phases],
        "hash": "0" * 64,
    }
    (folder / "training.json").write_text(json.dumps(training))
    return write_card(folder, [Gate("some gate", 0.98, 0.96, 0.99, "≥ 0.97", True, 400)], {}).read_text()


def test_a_card_says_how_confidence_was_drawn_by_lot(tmp_path):
    text = card(tmp_path, LEARNING, LEVELLING)
    assert "in phase 2 the label of an answer to a user is spread over all values of its relation by 0.1 to 5%" in text
    assert "of two values the first has 50 to 97% of it" in text
    for where, times in LEVELLING.mixture.hedged.items():
        assert f"{times:g} times ({where})" in text
    assert "in phase 1 the label" not in text


def test_a_card_without_hedges_speaks_of_none(tmp_path):
    text = card(tmp_path, LEARNING)
    assert "is spread over" not in text
    assert "some gate" in text
    assert "0.980" in text


def test_a_card_says_where_belief_was_named_first(tmp_path):
    text = card(tmp_path, LEARNING, COMPARING)
    assert "in phase 2 some of the answers to that, about what was said to a user, first name what is believed" in text
    assert "50% under defer; the word that says what it was weighs 6 in the loss, where values weigh 2" in text
    assert "in phase 1 some of the answers" not in text
