"""Shapes are checked while the tests run; nothing reaches for the network; every test has one thread."""

import os
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", WANDB_MODE="disabled", TOKENIZERS_PARALLELISM="false")

import pytest
from jaxtyping import install_import_hook

install_import_hook(
    ["sonde.activations", "sonde.capture", "sonde.scores", "sonde.probes", "sonde.saes", "sonde.tokens"],
    "beartype.beartype",
)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Keep parallel test workers from fighting over two cores."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared():
    """The folder of public datasets and small real models, which is not part of the project."""
    if not SHARED.is_dir():
        pytest.skip("the public datasets and models are not beside this checkout (../shared/data)")
    return SHARED


@pytest.fixture(scope="session")
def ternary_folder(shared):
    """A real 3M-parameter BitNet language model of children's stories."""
    return shared / "models" / "stories3M-ternary"


@pytest.fixture(scope="session")
def llama_folder(shared):
    """A real 260K-parameter Llama language model of children's stories."""
    return shared / "models" / "stories260K"
