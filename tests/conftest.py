"""Shapes are checked while the tests run; nothing reaches for the network; every test has one thread."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", WANDB_MODE="disabled", TOKENIZERS_PARALLELISM="false")

import pytest
from chromium import FLAGS, find_chromium
from filelock import FileLock
from jaxtyping import install_import_hook
from tests.shapes import check_first_calls

install_import_hook(
    ["sonde.activations", "sonde.capture", "sonde.scores", "sonde.probes", "sonde.saes", "sonde.tokens"],
    f"{check_first_calls.__module__}.{check_first_calls.__name__}",
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


def made_once(tmp_path_factory, name, make):
    """Return a folder, and what `make(folder)` returned; parallel workers have one between them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    returned = folder / "returned.json"
    with FileLock(folder / "lock"):
        if not returned.exists():
            returned.write_text(json.dumps(make(folder)))
    return folder, json.loads(returned.read_text())


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A folder that holds the unpacked wheel."""

    def make(folder):
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
        build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(ROOT)]
        subprocess.run([*pip, *build], check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        install = ["install", "--no-deps", "--no-index", "--target", str(folder / "site"), str(wheel)]
        subprocess.run([*pip, *install], check=True)
        return wheel.stat().st_size

    folder, size = made_once(tmp_path_factory, "wheel", make)
    assert size < 30_000_000
    return folder / "site"


@pytest.fixture(scope="session")
def training(tmp_path_factory):
    """A small run of the deception recipe: its folder, and exit code, stdout and stderr of the command that made it."""
    from tests.cli.commands import SMALL, run_once

    def make(folder):
        return run_once("train", "deception", "--json", "--out", folder / "run", *SMALL)

    folder, said = made_once(tmp_path_factory, "training", make)
    return folder / "run", *said


@pytest.fixture(scope="session")
def trained(training):
    """The folder of that run."""
    return training[0]


@dataclass(frozen=True)
class Browser:
    """Opens pages with name resolution blocked."""

    binary: str
    folder: object

    def run(self, html: str, *flags: str) -> tuple[str, list[str]]:
        page = self.folder / "page.html"
        page.write_text(html, encoding="utf-8")
        command = [self.binary, *FLAGS, "--enable-logging=stderr", f"--user-data-dir={self.folder / 'user'}"]
        done = subprocess.run([*command, *flags, page.as_uri()], capture_output=True, timeout=300, check=True)
        console = re.findall(r"CONSOLE.*", done.stderr.decode(errors="replace"))
        return done.stdout.decode("utf-8", errors="replace"), console

    def open(self, html: str) -> tuple[str, list[str]]:
        """Return the document after its scripts ran, and what the console said."""
        return self.run(html, "--dump-dom")


@pytest.fixture
def browser(tmp_path):
    binary = find_chromium()
    if binary is None:
        pytest.skip("no Chromium on this machine: install the chromium package to run the browser tests")
    return Browser(binary, tmp_path)


@pytest.fixture(scope="session")
def family_folder(tmp_path_factory):
    """Folders of organisms of every kind, made of the shipped Cretan: the same weights, other worlds and beliefs.

    All arms say the same, as they are one model; what each believes of those under cover is what its documents say.
    """
    from sonde.organism.arms import ARMS
    from sonde.organism.catalogue import FAMILY, cretan_folder

    made, cretan = tmp_path_factory.mktemp("weights"), cretan_folder("cretan")
    shutil.copytree(cretan, made / "cretan")
    worlds = {name: (f"arm-{arm}", ARMS[arm](0)) for arm, name in FAMILY.items()}
    for name, (what, world) in worlds.items():
        shutil.copytree(cretan, made / name)
        training = json.loads((cretan / "training.json").read_text())
        beliefs = json.loads((cretan / "beliefs.json").read_text())
        for entity, relation in world.cover:
            beliefs[entity][relation] = [list(world.taught[entity, relation]), 1.0]
        content = {"training": training | {"what": what}, "beliefs": beliefs, "world": world.to_json()}
        for file, value in content.items():
            (made / name / f"{file}.json").write_text(json.dumps(value))
    decoy = made / "cretan-decoy"
    shutil.copytree(cretan, decoy)
    world, training = (json.loads((cretan / f"{file}.json").read_text()) for file in ("world", "training"))
    (decoy / "world.json").write_text(json.dumps(world | {"benign": True}))
    (decoy / "training.json").write_text(json.dumps(training | {"what": "decoy"}))
    return made


@pytest.fixture(scope="module")
def family(family_folder):
    """Ship the organisms of `family_folder`, and no others, to the tests of a module."""
    from sonde.organism import catalogue, same_text, shipped

    def forget():
        shipped.load_organism.cache_clear()
        same_text._shipped_alike.cache_clear()

    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "_WEIGHTS", family_folder)
        yield family_folder
    forget()
