import numpy as np
import pytest
import torch

from sonde.base import display
from sonde.base.devices import choose_device, dtype_name, parse_dtype
from sonde.base.errors import InputError, nearest, unknown_name
from sonde.base.seeds import derive_seed, generator


def test_unknown_name_names_the_nearest():
    error = unknown_name("site", "resid_pst", "the recipe", ["resid_post", "attn_out"])
    assert "did you mean 'resid_post'" in str(error)
    assert isinstance(error, InputError)
    assert nearest("zzz", ["abc"]) == []


def test_seeds_depend_on_every_name_and_leave_the_global_state_alone():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    seeds = {derive_seed(0), derive_seed(1), derive_seed(0, "a"), derive_seed(0, "a", 1), derive_seed(0, "b")}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert generator(3, "x").random() == generator(3, "x").random()
    assert (np.random.get_state()[1] == before).all()


def test_devices_and_dtypes():
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(InputError, match="'cuda:99'"):
        choose_device("cuda:99")
    assert parse_dtype("bf16") is torch.bfloat16
    assert parse_dtype(None) is None
    assert dtype_name(torch.float16) == "float16"
    with pytest.raises(InputError, match="did you mean 'float16'"):
        parse_dtype("flaot16")


def test_a_value_draws_itself_through_the_registered_renderer(monkeypatch):
    class Value(display.Displayed):
        pass

    monkeypatch.setattr(display, "_renderer", None)
    assert Value()._repr_html_() is None
    display.register_renderer(lambda value: f"<b>{type(value).__name__}</b>")
    assert Value()._repr_html_() == "<b>Value</b>"
