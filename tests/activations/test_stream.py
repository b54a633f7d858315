"""Streaming, watched from outside: what was read minus what was given back is what is held."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.activations.helpers import Where

from sonde.activations import Activations, RowSource, stream_rows
from sonde.base.errors import InputError
from sonde.base.tables import offsets_of


class Numbered(RowSource):
    """Row `i` holds the number `i`; nothing is stored, and every row read is counted."""

    def __init__(self, counts):
        self.sites, self.bounds, self.read_rows = ("s",), offsets_of(np.array(counts)), 0

    def width(self, site):
        return 1

    def dtype(self, site):
        return torch.float64

    def read(self, site, unit, start, stop):
        assert self.bounds[unit] <= start <= stop <= self.bounds[unit + 1]
        self.read_rows += stop - start
        return torch.arange(start, stop, dtype=torch.float64).unsqueeze(1)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=8),
    st.integers(1, 9),
    st.integers(0, 40),
    st.integers(0, 5),
    st.booleans(),
)
def test_every_row_once_and_the_buffer_bounded(counts, batch, more, seed, drop_last):
    source = Numbered(counts)
    seen, buffer_rows = [], 2 * batch + more
    for rows in stream_rows(source, "s", batch, seed, buffer_rows, drop_last=drop_last):
        held = source.read_rows - len(seen)
        assert held <= buffer_rows
        seen += rows.squeeze(1).tolist()
        assert len(rows) == batch or (not drop_last and len(seen) == sum(counts))
    assert len(set(seen)) == len(seen)
    assert len(seen) == (sum(counts) // batch * batch if drop_last else sum(counts))
    assert set(seen) <= set(range(sum(counts)))


def test_memory_does_not_grow_with_the_store():
    peaks = []
    for units in (10, 100):
        source, given_back, peak = Numbered([100] * units), 0, 0
        for rows in stream_rows(source, "s", 16, 0, 256):
            peak = max(peak, source.read_rows - given_back)
            given_back += len(rows)
        peaks.append(peak)
    assert peaks[0] == peaks[1] <= 256


def test_seeded_and_shuffled():
    def order(seed, buffer_rows):
        return torch.cat(list(stream_rows(Numbered([50, 50, 100]), "s", 10, seed, buffer_rows))).squeeze(1).tolist()

    assert order(1, 64) == order(1, 64)
    assert order(1, 64) != order(2, 64)
    near = np.abs(np.diff(order(0, 64))) == 1
    assert near.mean() < 0.15, "neighbours in the store are seldom neighbours in the stream"


def test_shuffle_is_uniform_when_everything_fits():
    places = np.zeros((8, 8))
    for seed in range(400):
        order = torch.cat(list(stream_rows(Numbered([3, 5]), "s", 2, seed, 100))).squeeze(1).long().numpy()
        places[order, np.arange(8)] += 1
    chi2 = ((places - 50) ** 2 / 50).sum()
    assert chi2 < 90, "49 degrees of freedom: 90 is passed once in 3000"


def test_a_selection_is_streamed_without_the_rest():
    acts = Activations(Numbered([4, 6]), **_tables([4, 6])).select(Where(lambda t: t.position % 2 == 1))
    rows = torch.cat(list(acts.stream("s", 2, buffer_rows=4)))
    assert sorted(rows.squeeze(1).tolist()) == [1.0, 3.0, 5.0, 7.0, 9.0]


def _tables(counts):
    bare = Activations.of_rows({"s": torch.zeros(sum(counts), 1)}, offsets_of(np.array(counts)))
    return {"tokens": bare.tokens, "examples": bare.examples}


def test_batches_are_the_callers_to_keep():
    kept = list(stream_rows(Numbered([40]), "s", 5, 0, 10))
    assert torch.cat(kept).unique().numel() == 40


@pytest.mark.parametrize(("batch", "buffer_rows"), [(0, 10), (6, 11)])
def test_impossible_sizes_are_refused_at_once(batch, buffer_rows):
    with pytest.raises(InputError, match="two batches"):
        stream_rows(Numbered([4]), "s", batch, 0, buffer_rows)
