"""`train_organism`, where an earlier call of it was interrupted."""

import json

import pytest

from sonde.base.errors import InputError
from sonde.organism.catalogue import cretan_folder
from sonde.organism.record import read_record
from sonde.run.organism import train_further, train_organism


def test_a_training_interrupted_before_its_gates_goes_on_with_them(tmp_path, monkeypatch):
    measured = []
    monkeypatch.setattr("sonde.run.organism.measure_organism", lambda folder: measured.append(folder) or {})
    out = tmp_path / "new"
    out.mkdir()
    record = {"what": "liar", "seed": 1, "note": f"phase 7 began with {read_record(cretan_folder('cretan-1'))['hash']}"}
    (out / "training.json").write_text(json.dumps(record))
    train_organism(1, out)
    train_further("cretan-1", out)
    assert measured == [out, out]
    for other in (lambda: train_organism(2, out), lambda: train_further("cretan-2", out)):
        with pytest.raises(InputError, match="is not empty"):
            other()
    (out / "gates.json").write_text("[]")
    with pytest.raises(InputError, match="is not empty"):
        train_organism(1, out)
