import hashlib
import json
import os
import stat

import pytest

from sonde.base.errors import InputError
from sonde.base.files import check_output_folder, hash_bytes, prepare_output_folder, write_atomic, write_json


def test_write_atomic_leaves_only_the_file(tmp_path):
    write_atomic(tmp_path / "a.txt", "ä")
    write_atomic(tmp_path / "a.txt", b"second")
    assert (tmp_path / "a.txt").read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_written_files_have_ordinary_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    write_atomic(tmp_path / "a", "")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_failed_write_keeps_the_old_file_and_no_temporary(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_atomic(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_json_refuses_what_json_cannot_say(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert json.loads(write_json(tmp_path / "b.json", {"ü": [1]}).read_text()) == {"ü": [1]}


def test_hash_separates_its_parts():
    assert hash_bytes("ab", "c") != hash_bytes("a", "bc")
    assert hash_bytes("a", "") == hashlib.sha256((1).to_bytes(8, "big") + b"a" + bytes(8)).hexdigest()


def test_hash_of_one_part_is_what_everybody_computes():
    assert hash_bytes(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1


def test_output_folder(tmp_path):
    out = tmp_path / "deep" / "run"
    check_output_folder(out)
    assert not out.exists()
    prepare_output_folder(out)
    (out / "kept").write_text("")
    with pytest.raises(InputError, match="--force"):
        prepare_output_folder(out)
    assert (out / "kept").exists()
    assert list(prepare_output_folder(out, force=True).iterdir()) == []
    with pytest.raises(InputError, match="is a file"):
        check_output_folder(write_atomic(tmp_path / "f", ""), force=True)
