"""Labels as written become 1 and 0, and nothing else passes."""

import numpy as np
import pytest

from sonde.base.errors import InputError
from sonde.text.labels import Classes, read_labels


def read(raw, **options):
    labels, classes = read_labels(raw, [f"f line {i + 2}" for i in range(len(raw))], "f", **options)
    return labels, (classes.positive, classes.negative)


@pytest.mark.parametrize(
    ("raw", "options", "labels", "classes"),
    [
        ([1, 0], {}, [1, 0], ("positive", "negative")),
        (["1", " 0"], {"positive": "lie"}, [1, 0], ("lie", "not lie")),
        ([1.0, 0.0], {"positive": "lie", "negative": "honest"}, [1, 0], ("lie", "honest")),
        ([np.int64(1), np.bool_(False)], None, None, None),
        ([np.int64(1), np.int64(0)], {"positive": "0"}, [0, 1], ("0", "1")),
        ([True, False], {}, [1, 0], ("true", "false")),
        (["TRUE", "False"], {}, [1, 0], ("true", "false")),
        (["true", "false"], {"positive": "false"}, [0, 1], ("false", "true")),
        ([1, 0], {"positive": "true"}, [1, 0], ("true", "false")),
        (["lie", "honest"], {"positive": "lie"}, [1, 0], ("lie", "honest")),
        (["honest", "honest"], {"positive": "lie"}, [0, 0], ("lie", "honest")),
        (["lie", "lie"], {"positive": "lie"}, [1, 1], ("lie", "not lie")),
        ([None, ""], {}, None, ("positive", "negative")),
        ([float("nan")], {"positive": "lie"}, None, ("lie", "not lie")),
        ([1, 0], {"classes": Classes("a", "b", fixed=True)}, [1, 0], ("a", "b")),
        ([1, 0], {"classes": Classes("a", "b", fixed=True), "positive": "b"}, [0, 1], ("b", "a")),
        ([1, 0], {"classes": Classes("a", "b"), "positive": "c"}, [1, 0], ("c", "not c")),
    ],
)
def test_understood(raw, options, labels, classes):
    if options is None:  # 1 beside False: two spellings in one column
        with pytest.raises(InputError):
            read(raw)
        return
    assert read(raw, **options) == (labels, classes)


@pytest.mark.parametrize(
    ("raw", "options", "words"),
    [
        (["lie", "honest", "dunno", "honest"], {"positive": "lie"}, ["'dunno'", "f line 4", "'lie' nor 'honest'"]),
        (["dunno", "lie", "honest", "honest"], {"positive": "lie"}, ["'dunno'", "f line 2"]),
        ([1, 0, 2], {}, ["'2'", "f line 4", "'1' nor '0'"]),
        ([1, 0, "dunno"], {"positive": "lie"}, ["'dunno'", "f line 4"]),
        ([1, None, 0], {}, ["f line 3", "no label", "2 of 3"]),
        (["lie", "honest"], {}, ["'lie'", "'honest'", "positive="]),
        (["lies", "truth"], {"positive": "lie"}, ["'lies'", "'truth'", "positive="]),
        (["lies", "lies"], {"positive": "lie"}, ["No label", "'lies'"]),
        ([1, 0], {"classes": Classes("a", "b", fixed=True), "positive": "c"}, ["'c'", "'a' and 'b'"]),
        ([1, 0], {"positive": "a", "negative": "a"}, ["two different"]),
        ([[1]], {}, ["f line 2", "list"]),
    ],
)
def test_refused(raw, options, words):
    with pytest.raises(InputError) as error:
        read(raw, **options)
    for word in words:
        assert word in str(error.value)
