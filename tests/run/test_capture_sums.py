"""Sums straight from a capture are those of the captured rows."""

import numpy as np
import pytest

import sonde
from sonde.base.errors import InputError
from sonde.probes import ClassSums

SITE = "blocks.1.hook_resid_post"


@pytest.mark.parametrize("pool", ["mean", "last", "none"])
def test_sums_of_a_capture_are_sums_of_its_rows(pool):
    model, data = sonde.load_model("cretan"), sonde.load_dataset("cretan:instructed-lies", n=24)
    sums = sonde.capture_sums(model, data, sites=SITE, pool=pool, token_budget=256)[SITE]
    whole = ClassSums.of(*sonde.capture(model, data, sites=SITE).pool(pool).at(SITE).xy)
    assert sums.rows == whole.rows
    scale = np.abs(whole.scatter()[2]).max()  # single precision: batches differ in the last digits of large rows
    np.testing.assert_allclose(sums.scatter()[2], whole.scatter()[2], rtol=1e-4, atol=1e-7 * scale)
    probe = sonde.MeanDifferenceProbe.from_sums(sums)
    expected = sonde.MeanDifferenceProbe().fit(*sonde.capture(model, data, sites=SITE).pool(pool).at(SITE).xy)
    np.testing.assert_allclose(probe.direction_, expected.direction_, atol=1e-5)
    assert probe.origin_ == expected.origin_
    assert len(probe.score_examples(model, data[:3])) == 3


def test_sums_need_labels():
    with pytest.raises(InputError, match="no labels, and sums are kept by label"):
        sonde.capture_sums(sonde.load_model("cretan"), ["a text"], sites=SITE)
