"""Which precision products run in."""

import pytest
import torch

from sonde.base.devices import fast_dtype


@pytest.mark.parametrize(("units", "expected"), [({}, torch.float32), ({"avx512_bf16": True}, torch.bfloat16)])
def test_products_run_in_bfloat16_where_the_processor_has_units_for_it(monkeypatch, units, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units, raising=False)
    assert fast_dtype(torch.device("cpu")) is expected
    assert fast_dtype(torch.device("meta")) is torch.float32
