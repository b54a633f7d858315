"""The value that carries scores."""

import numpy as np
import pytest

from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable, TokenTable, offsets_of
from sonde.scores import Scores, threshold_from_control


def table(counts):
    t = int(sum(counts))
    zeros = {name: np.zeros(t, np.int64) for name in TokenTable.COLUMNS}
    return TokenTable(
        **zeros, offsets=offsets_of(np.array(counts)), lengths=np.array(counts), texts=("x",) * len(counts)
    )


EXAMPLES = ExampleTable(ids=("a", "b", "c"))


def test_token_scores_know_their_examples():
    tokens = table([2, 0, 3])
    own = np.array([1.0, 2.0, 3.0])
    scores = Scores(np.arange(5.0), tokens.offsets, tokens, EXAMPLES, positive="lie", example_values=own)
    np.testing.assert_array_equal(scores.of(2), [2.0, 3.0, 4.0])
    assert len(scores) == 3
    assert len(scores.of(1)) == 0
    np.testing.assert_array_equal(scores.per_example().values, own)
    assert scores.per_example().per_example().tokens is None
    assert repr(scores) == "Scores(5 token scores of 'lie', 3 examples, no threshold)"


def test_flagged_is_strict_and_needs_a_threshold():
    with pytest.raises(InputError, match="threshold_from_control"):
        _ = Scores.of_examples(np.arange(3.0), EXAMPLES).flagged
    t = threshold_from_control(np.arange(2.0), 0.01)
    np.testing.assert_array_equal(Scores.of_examples(np.arange(3.0), EXAMPLES, t).flagged, [False, False, True])


def test_missing_example_scores_say_why():
    tokens = table([1, 1, 1])
    with pytest.raises(InputError, match="no assistant token"):
        Scores(np.zeros(3), tokens.offsets, tokens, EXAMPLES, note="Example 'a' has no assistant token.").per_example()


def test_wrong_values_are_refused():
    with pytest.raises(InputError, match="NaN"):
        Scores.of_examples(np.array([0.0, np.nan, 1.0]), EXAMPLES)
    with pytest.raises(ValueError, match="for 3 examples"):
        Scores.of_examples(np.zeros(2), EXAMPLES)
