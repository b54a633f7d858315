import json
import os

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from tests.activations.helpers import SITES, Where, make_activations, same_examples, same_tokens

from sonde.activations import Activations, StoreRows, create_store, describe, open_store, rows
from sonde.activations.unit import read_header
from sonde.base.errors import InputError

SITE = next(iter(SITES))
COUNTS = (3, 1, 4, 2, 5, 2)
UNITS = {"u0": [4, 1], "u1": [0], "u2": [5, 3, 2]}  # length-sorted captures leave the order of the examples
MANIFEST = {"fingerprint": {"model": "toy", "dtype": "float32", "tokens": "all"}, "self_check": {"leak": 0.0}}


def fill(folder, acts, units=UNITS, manifest=MANIFEST, only=None, plan=tuple(UNITS)):
    writer = create_store(folder, manifest, list(plan), acts.examples)
    for unit, index in units.items():
        if only is None or unit in only:
            part = acts.take_examples(index)
            values = {site: part[site] for site in part.sites}
            writer.write(unit, values, part.tokens, np.array(index), part.predictions)
    return writer


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_round_trip(tmp_path, dtype):
    acts = make_activations(COUNTS, dtype)
    assert fill(tmp_path, acts).missing() == ()
    store = open_store(tmp_path)
    read = store.activations()
    assert (store.rows, len(store), store.sites) == (17, 6, tuple(sorted(SITES, key=store.sites.index)))
    same_tokens(read.tokens, acts.tokens)
    same_examples(read.examples, acts.examples)
    for site in SITES:
        assert read[site].dtype == dtype
        assert torch.equal(read[site], acts[site])
    assert torch.equal(read.predictions["log_probability"], acts.predictions["log_probability"])
    assert read.fingerprint == MANIFEST["fingerprint"]
    store.verify()


@pytest.mark.parametrize("how", ["mean", "ema(0.5)", "none"])
def test_lazy_operations_equal_those_in_memory(tmp_path, how):
    acts = make_activations(COUNTS)
    fill(tmp_path, acts)
    keep = Where(lambda t: (t.position % 2 == 0) | (t.role > 2))
    index = [5, 0, 3, 3]
    ours = open_store(tmp_path).activations().select(keep).take_examples(index).pool(how)
    theirs = acts.select(keep).take_examples(index).pool(how)
    for site in SITES:
        torch.testing.assert_close(ours[site], theirs[site])


class Watched(StoreRows):
    """Notes every read."""

    reads = ()

    def read(self, site, unit, start, stop):
        Watched.reads += ((unit, stop - start),)
        return super().read(site, unit, start, stop)


def test_pooling_holds_one_unit_at_a_time(tmp_path, monkeypatch):
    acts = make_activations(COUNTS)
    fill(tmp_path, acts)
    read = open_store(tmp_path).activations()
    headers = [read_header(tmp_path / "units" / f"{unit}.safetensors") for unit in UNITS]
    watched = Activations(Watched(headers), read.tokens, read.examples, rows=read._rows)
    monkeypatch.setattr(Watched, "reads", ())
    watched.pool("mean")[SITE]
    assert Watched.reads == ((0, 6), (1, 3), (2, 8)), "each unit once, none of them twice"
    monkeypatch.setattr(rows, "POOL_ROWS", 4)
    monkeypatch.setattr(Watched, "reads", ())
    torch.testing.assert_close(watched.pool("mean")[SITE], acts.pool("mean")[SITE])
    assert max(count for _, count in Watched.reads) <= 6
    monkeypatch.setattr(Watched, "reads", ())
    watched.take_examples([0])[SITE]
    assert Watched.reads == ((1, 3),)


def test_stream_gives_every_row_once(tmp_path):
    acts = make_activations(COUNTS)
    fill(tmp_path, acts)
    seen = torch.cat(list(open_store(tmp_path).stream(SITE, 3, seed=1, buffer_rows=6)))
    assert sorted(map(tuple, seen.tolist())) == sorted(map(tuple, acts[SITE].tolist()))
    again = torch.cat(list(open_store(tmp_path).stream(SITE, 3, seed=1, buffer_rows=6)))
    assert torch.equal(seen, again)
    assert len(list(open_store(tmp_path).stream(SITE, 3, buffer_rows=6, drop_last=True))) == 5
    with pytest.raises(InputError, match="Unknown site"):
        open_store(tmp_path).stream("blocks.9.hook_resid_post", 3)


def test_units_are_plain_safetensors(tmp_path):
    acts = make_activations(COUNTS, torch.bfloat16)
    fill(tmp_path, acts)
    path = tmp_path / "units" / "u1.safetensors"
    held = load_file(path)
    assert torch.equal(held[SITE], acts[SITE][:3])
    assert held["tokens/position"].tolist() == [0, 1, 2]
    assert held["examples/index"].tolist() == [0]
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["sonde"])
    assert (facts["rows"], facts["unit"]) == (3, "u1")
    assert os.stat(path).st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    current = os.umask(0)
    os.umask(current)
    return current


def test_the_same_bytes_whatever_the_order(tmp_path):
    acts = make_activations(COUNTS)
    fill(tmp_path / "a", acts)
    fill(tmp_path / "b", acts, dict(reversed(UNITS.items())))
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


def snapshot(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_resume_writes_only_what_is_missing(tmp_path):
    acts = make_activations(COUNTS)
    assert fill(tmp_path / "store", acts, only=["u1"]).missing() == ("u0", "u2")
    again = create_store(tmp_path / "store", {**MANIFEST, "self_check": {"leak": 1.0}}, list(UNITS), acts.examples)
    assert again.missing() == ("u0", "u2")
    with pytest.raises(InputError, match="is there already, and units never change"):
        fill(tmp_path / "store", acts, only=["u1"])
    with pytest.raises(InputError, match="lacks 2 of its 3 units"):
        open_store(tmp_path / "store")
    fill(tmp_path / "store", acts, only=again.missing())
    fill(tmp_path / "whole", acts)
    assert snapshot(tmp_path / "store") == snapshot(tmp_path / "whole"), "the first self-check stays"


def test_two_writers_need_no_lock(tmp_path):
    acts = make_activations(COUNTS)
    children = []
    for rank in range(2):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                fill(tmp_path / "store", acts, only=list(UNITS)[rank::2])
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    assert torch.equal(open_store(tmp_path / "store").activations()[SITE], acts[SITE])
    fill(tmp_path / "whole", acts)
    assert snapshot(tmp_path / "store") == snapshot(tmp_path / "whole")


def test_describe_a_store_that_is_under_way(tmp_path):
    acts = make_activations(COUNTS, torch.float16)
    fill(tmp_path, acts, only=["u0", "u2"])
    found = describe(tmp_path)
    assert found["units"] == {"planned": 3, "complete": 2, "missing": ["u1"]}
    assert (found["rows"], found["examples"], found["complete"]) == (14, 5, False)
    assert found["sites"][SITE] == {"d": 6, "dtype": "float16"}
    assert found["bytes"] == sum(p.stat().st_size for p in (tmp_path / "units").iterdir())
    json.dumps(found, allow_nan=False)
    assert describe(create_store(tmp_path / "new", MANIFEST, ["u"], acts.examples).plan.folder)["rows"] == 0


def test_unlabelled_examples_round_trip(tmp_path):
    acts = Activations.of_rows({"s": torch.zeros(2, 1)}, [0, 0, 2])
    writer = create_store(tmp_path, MANIFEST, ["u"], acts.examples)
    writer.write("u", {"s": acts["s"]}, acts.tokens, np.arange(2))
    read = open_store(tmp_path).activations()
    assert (read.examples.labels, read.examples.groups, read.offsets.tolist()) == (None, None, [0, 0, 2])
    assert "ActivationStore" in repr(open_store(tmp_path))


def test_a_unit_without_a_row(tmp_path):
    acts = make_activations((0, 2))
    writer = create_store(tmp_path, MANIFEST, ["a", "b"], acts.examples)
    for i, unit in enumerate("ab"):
        part = acts.take_examples([i])
        writer.write(unit, {s: part[s] for s in part.sites}, part.tokens, np.array([i]))
    read = open_store(tmp_path).activations()
    assert torch.equal(read[SITE], acts[SITE])
    assert sum(map(len, open_store(tmp_path).stream(SITE, 1))) == 2
