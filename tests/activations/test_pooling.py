"""Pooling against plain loops in numpy, and by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.activations import parse_pooling, pool_rows
from sonde.base.errors import InputError
from sonde.base.tables import offsets_of

HOWS = ["mean", "last", "first", "max", "ema(0.5)", "ema(0.9)", "ema(1)", "rolling_max(1)", "rolling_max(3)"]


def naive(x, how):
    name, _, argument = how.rstrip(")").partition("(")
    if name in ("mean", "max"):
        return getattr(x, name)(axis=0)
    if name in ("first", "last"):
        return x[0 if name == "first" else -1]
    if name == "ema":
        a, smoothed = float(argument), [x[0]]
        for row in x[1:]:
            smoothed.append(a * row + (1 - a) * smoothed[-1])
        return np.max(smoothed, axis=0)
    k = min(int(argument), len(x))
    return np.max([x[i : i + k].mean(axis=0) for i in range(len(x) - k + 1)], axis=0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), max_size=6), st.integers(1, 4), st.sampled_from(HOWS), st.integers(0, 99))
def test_equals_a_loop(counts, d, how, seed):
    x = np.random.default_rng(seed).normal(size=(sum(counts), d))
    offsets = offsets_of(np.array(counts, dtype=int))
    pooled = pool_rows(torch.from_numpy(x), offsets, how)
    expected = [naive(part, how) for part in np.split(x, offsets[1:-1])] if counts else np.empty((0, d))
    np.testing.assert_allclose(pooled.numpy(), np.array(expected).reshape(len(counts), d), rtol=1e-12, atol=1e-12)
    assert pooled.dtype == torch.float64


def test_by_hand():
    x = torch.tensor([[0.0], [4.0], [2.0], [0.0], [8.0]])
    offsets = np.array([0, 4, 5])
    assert pool_rows(x, offsets, "ema(0.5)").tolist() == [[2.0], [8.0]]  # 0, 2, 2, 1
    assert pool_rows(x, offsets, "rolling_max(2)").tolist() == [[3.0], [8.0]]  # 2, 3, 1
    assert pool_rows(x, offsets, "none") is x


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_types_are_accumulated_in_float32(how, dtype):
    rows = torch.full((3000, 2), 60.0, dtype=dtype)  # the sum overflows fp16 and stalls in bf16
    pooled = pool_rows(rows, np.array([0, 3000]), how)
    assert pooled.dtype == torch.float32
    torch.testing.assert_close(pooled, torch.full((1, 2), 60.0))


@pytest.mark.parametrize("how", ["mean", "max", "ema(0.5)", "rolling_max(2)"])
def test_nan_is_never_hidden(how):
    rows = torch.tensor([[1.0], [float("nan")], [3.0], [5.0]])
    pooled = pool_rows(rows, np.array([0, 3, 4]), how)
    assert pooled[0].isnan().all()
    assert pooled[1].item() == 5.0


def test_parse_is_canonical():
    for how in [*HOWS, "none"]:
        assert str(parse_pooling(how)) == how
        assert parse_pooling(parse_pooling(how)) == parse_pooling(how)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("meen", "'mean'"),
        ("mean(3)", "expected none"),
        ("ema", "ema(0.5)"),
        ("ema(0)", "above 0"),
        ("ema(1.5)", "at most 1"),
        ("rolling_max(2.5)", "whole tokens"),
        ("rolling_max(0)", "rolling_max(8)"),
        ("rolling_max(x)", "rolling_max(8)"),
        ("__import__('os')", "Valid: mean"),
    ],
)
def test_wrong_pooling_is_refused(how, said):
    with pytest.raises(InputError) as caught:
        parse_pooling(how)
    assert said in str(caught.value)


def test_offsets_must_fit():
    rows = torch.zeros(4, 1)
    with pytest.raises(InputError, match="example 1 has no token"):
        pool_rows(rows, np.array([0, 2, 2, 4]), "mean")
    for offsets in ([0, 2], [1, 4], [0, 5], [0, 3, 2, 4], []):
        with pytest.raises(InputError, match="offsets"):
            pool_rows(rows, np.array(offsets, dtype=int), "mean")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("how", HOWS)
def test_same_on_a_gpu_and_the_same_bytes_each_time(how):
    rows, offsets = torch.randn(5000, 33), np.array([0, 7, 8, 1000, 5000])
    pooled = [pool_rows(rows.cuda(), offsets, how) for _ in range(3)]
    torch.testing.assert_close(pooled[0].cpu(), pool_rows(rows, offsets, how), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(pooled[0], other) for other in pooled)
