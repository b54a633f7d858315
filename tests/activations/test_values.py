import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.activations.helpers import SITES, Where, make_activations, make_examples, make_tokens, same_tokens

from sonde.activations import Activations, MemoryRows, rows, selection
from sonde.activations.values import readable_bytes
from sonde.base.errors import InputError

SITE = next(iter(SITES))
EVEN = Where(lambda table: table.position % 2 == 0, "even")


class Counting(MemoryRows):
    """Counts the rows that are read."""

    read_rows = 0

    def read(self, site, unit, start, stop):
        Counting.read_rows += stop - start
        return super().read(site, unit, start, stop)


def test_holds_what_it_is_given():
    acts = make_activations()
    assert acts.sites == tuple(SITES)
    assert len(acts) == 4
    assert acts.offsets.tolist() == [0, 3, 4, 8, 10]
    assert acts[SITE].shape == (10, 6)


def test_indexing_everything_copies_nothing():
    values = {"s": torch.zeros(3, 2)}
    assert Activations.of_rows(values, [0, 1, 3])["s"].data_ptr() == values["s"].data_ptr()


def test_select_keeps_rows_tables_and_predictions_together():
    acts = make_activations()
    even = acts.select(EVEN)
    kept = acts.tokens.position % 2 == 0
    assert torch.equal(even[SITE], acts[SITE][torch.from_numpy(kept)])
    assert torch.equal(even.predictions["log_probability"], acts.predictions["log_probability"][torch.from_numpy(kept)])
    same_tokens(even.tokens, acts.tokens.keep(kept))
    assert even.offsets.tolist() == [0, 2, 3, 5, 6]
    assert even.select(None) is even


def test_selecting_and_taking_read_nothing_until_a_site_is_asked_for():
    acts = make_activations()
    source = Counting({s: acts[s] for s in acts.sites})
    Counting.read_rows = 0
    lazy = Activations(source, acts.tokens, acts.examples).select(EVEN).take_examples([2, 0]).pool("mean")
    assert Counting.read_rows == 0
    lazy[SITE], lazy[SITE]
    assert 0 < Counting.read_rows <= 10, "pooled once, one site only"


def test_selectors_compose_in_the_fingerprint():
    acts = make_activations()
    twice = acts.select(EVEN).select(Where(lambda t: t.position > 0, "a | b"))
    assert twice.fingerprint["tokens"] == "even & (a | b)"
    assert acts.fingerprint["tokens"] == "all"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-5, 4), max_size=8), st.integers(0, 2**10 - 1))
def test_select_and_take_commute(index, bits):
    acts = make_activations((3, 1, 0, 4, 2))
    mask = np.array([bool(bits >> i & 1) for i in range(10)])
    id_of = np.arange(10)
    keep = Where(lambda t: mask[t.token_id])
    tokens = acts.tokens.__class__(**{**vars(acts.tokens), "token_id": id_of})
    acts = Activations(acts.source, tokens, acts.examples)
    first, second = acts.select(keep).take_examples(index), acts.take_examples(index).select(keep)
    assert torch.equal(first[SITE], second[SITE])
    assert torch.equal(first[SITE], acts[SITE][torch.from_numpy(first.tokens.token_id)])
    same_tokens(first.tokens, second.tokens)
    assert first.examples.ids == second.examples.ids


def test_take_examples_by_mask_and_from_the_end():
    acts = make_activations()
    assert acts.take_examples(np.array([True, False, False, True])).examples.ids == ("id0", "id3")
    assert acts.take_examples([-1]).examples.ids == ("id3",)
    assert len(acts.take_examples([])[SITE]) == 0
    with pytest.raises(InputError, match="No example 4: there are 4"):
        acts.take_examples([0, 4])
    with pytest.raises(InputError, match="No example -5"):
        acts.take_examples([-5])
    with pytest.raises(InputError, match="mask has shape"):
        acts.take_examples(np.array([True]))
    with pytest.raises(InputError, match="float64"):
        acts.take_examples(np.array([0.5]))


@pytest.mark.parametrize("limit", [1, 3, 1000])
@pytest.mark.parametrize("how", ["mean", "last", "max", "ema(0.5)", "rolling_max(2)"])
def test_pool_example_by_example(how, limit, monkeypatch):
    monkeypatch.setattr(rows, "POOL_ROWS", limit)
    acts = make_activations().take_examples([2, 0, 3, 0])
    one_by_one = [acts.take_examples([i]).pool(how)[SITE] for i in range(4)]
    torch.testing.assert_close(acts.pool(how)[SITE], torch.cat(one_by_one))
    torch.testing.assert_close(one_by_one[1], one_by_one[3])


def test_an_example_without_tokens_is_named():
    acts = make_activations((2, 0, 3, 0))
    with pytest.raises(InputError, match=r"'id1' \(and 1 more\) has no token to pool: the selector 'all'"):
        acts.pool("mean")
    with pytest.raises(InputError, match="selector 'never'"):
        make_activations().select(Where(lambda t: t.position < 0, "never")).pool("last")
    assert len(acts.take_examples([0, 2]).pool("mean")) == 2, "the advice works: leave the example out"


def test_selectors_as_strings_need_the_parser(monkeypatch):
    monkeypatch.setattr(selection, "_parser", None)
    acts = make_activations()
    with pytest.raises(InputError, match="import sonde first"):
        acts.select("even")
    selection.register_selector_parser({"even": EVEN}.__getitem__)
    assert torch.equal(acts.select("even")[SITE], acts.select(EVEN)[SITE])


def test_what_is_no_selector_is_refused():
    acts = make_activations()
    with pytest.raises(InputError, match="selector was expected, got int"):
        selection.as_selector(3)
    with pytest.raises(InputError, match=r"expected bool of shape \(10,\)"):
        acts.select(Where(lambda t: t.position))


def test_construction_is_checked():
    acts = make_activations(predictions=False)
    values = {s: acts[s] for s in acts.sites}
    tokens, examples = acts.tokens, acts.examples
    with pytest.raises(InputError, match="10 rows for 9 tokens"):
        Activations(values, make_tokens((3, 1, 4, 1)), examples)
    with pytest.raises(InputError, match="same examples"):
        Activations(values, tokens, make_examples(3))
    with pytest.raises(InputError, match="disagree on the number of rows"):
        Activations({**values, "short": torch.zeros(9, 2)}, tokens, examples)
    with pytest.raises(InputError, match=r"'heads' holds a torch.float32 tensor of shape \(10, 2, 3\)"):
        Activations({"heads": torch.zeros(10, 2, 3)}, tokens, examples)
    with pytest.raises(InputError, match="int64"):
        Activations({"s": torch.zeros(10, 2, dtype=torch.int64)}, tokens, examples)
    with pytest.raises(InputError, match="without a site"):
        Activations({}, tokens, examples)
    with pytest.raises(InputError, match=r"'entropy' has shape \(9,\)"):
        Activations(values, tokens, examples, predictions={"entropy": torch.zeros(9)})
    with pytest.raises(InputError, match="rise from 0"):
        Activations.of_rows({"s": torch.zeros(2, 1)}, [1, 2])


def test_an_unknown_site_names_the_nearest():
    with pytest.raises(InputError, match=r"did you mean 'blocks.0.hook_resid_post'"):
        make_activations()["blocks.0.hook_resid_pots"]
    with pytest.raises(InputError, match=r"acts\.sites"):
        list(make_activations())


def test_repr_says_what_is_there():
    shown = repr(make_activations(dtype=torch.bfloat16).select(EVEN))
    assert shown.splitlines() == [
        "Activations: 4 examples, 6 tokens, 2 sites, 120 B",
        "  blocks.0.hook_resid_post  [6, 6]  bfloat16",
        "  blocks.1.attn.hook_z  [6, 4]  bfloat16",
        "  predictions: log_probability",
        "  from model toy, tokens even",
    ]
    assert "… 2 more" in repr(Activations.of_rows({f"s{i}": torch.zeros(1, 1) for i in range(10)}, [0, 1]))
    assert [readable_bytes(x) for x in (999, 1500, 20 * 10**12)] == ["999 B", "1.5 kB", "20 TB"]
