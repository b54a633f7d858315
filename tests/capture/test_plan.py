"""The plan of batches and units, and the sizes that are announced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.capture.plan import plan_batches, plan_units
from sonde.capture.sinks import check_disk, check_memory, mean_predictions, readable

LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=50).map(np.array)


@given(lengths=LENGTHS, budget=st.integers(1, 300))
def test_every_sequence_runs_once_within_the_budget(lengths, budget):
    batches = plan_batches(lengths, budget)
    ran = [i for b in batches for i in b.examples]
    assert sorted(ran) == np.flatnonzero(lengths).tolist()
    assert all(b.padded_tokens <= budget or len(b.examples) == 1 for b in batches)
    assert [n for b in batches for n in b.lengths] == sorted(lengths[lengths > 0], reverse=True)


@given(lengths=LENGTHS, budget=st.integers(1, 300), row_bytes=st.integers(1, 2**22))
def test_units_are_consecutive_batches_in_order(lengths, budget, row_bytes):
    batches = plan_batches(lengths, budget)
    units = plan_units(batches, lengths, row_bytes)
    assert [id(b) for unit in units.values() for b in unit] == [id(b) for b in batches]
    assert list(units) == sorted(units)


@pytest.mark.parametrize(("size", "said"), [(12, "12 B"), (2500, "2.5 kB"), (3 * 10**12, "3.0 TB")])
def test_sizes_read_well(size, said):
    assert readable(size) == said


def test_large_results_are_announced(caplog, tmp_path, monkeypatch):
    monkeypatch.setattr("sonde.capture.sinks._available_memory", lambda: 10**13)
    monkeypatch.setattr("sonde.capture.sinks.shutil.disk_usage", lambda _: type("U", (), {"free": 10**13}))
    with caplog.at_level("INFO", logger="sonde.capture"):
        check_memory(2 * 10**9, "data")
        check_disk(3 * 10**9, tmp_path / "new" / "deep", "data")
        check_memory(10, "small data")
    assert [r.getMessage().split(" will take ")[1].split(" ")[0] for r in caplog.records] == ["2.0", "3.0"]


def test_means_by_hand():
    import torch

    found = mean_predictions(
        {
            "log_probability": torch.tensor([0.0, -2.0, -4.0, -1.0]),
            "entropy": torch.tensor([0.0, 1.0, 2.0, 5.0]),
            "predicted": torch.tensor([0.0, 1.0, 1.0, 1.0]),
        },
        np.array([0, 3, 4]),
        ("a", "b"),
    )
    assert {k: v.tolist() for k, v in found.items()} == {
        "log_probability": [-3.0, -1.0],
        "entropy": [1.5, 5.0],
        "predicted": [2.0, 1.0],
    }
