"""The commands on Cretan, small: train from a store and from a running capture, rank, score, page, audit."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import sonde
from sonde.base.errors import InputError
from sonde.capture import splice
from sonde.cli import main
from sonde.run.sae_audit import sae_finding
from sonde.run.sae_pages import write_pages
from sonde.run.sae_train import capture_source, train_sae_from
from sonde.run.sae_use import latent_scores, score_sae
from sonde.saes.parallel import Peers

SITE = "blocks.1.hook_resid_post"


@pytest.fixture(scope="module")
def cretan():
    return sonde.load_model("cretan", device="cpu")


@pytest.fixture(scope="module")
def data():
    return sonde.load_dataset("cretan:instructed-lies", n=160)


@pytest.fixture(scope="module")
def store(cretan, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saes") / "store"
    sonde.capture(cretan, data, sites=[SITE], store=folder)
    return folder


@pytest.fixture(scope="module")
def folder(store):
    out = store.parent / "sae"
    options = {"site": SITE, "d_saes": [64], "k": 6, "samples": 40_000, "batch": 500}
    train_sae_from([str(store)], out=out, **options)
    return out


def run(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


def test_the_commands_end_to_end(store, tmp_path, capsys):
    out = tmp_path / "sae"
    command = ["sae", "train", str(store), "--site", SITE, "--architecture", "batchtopk", "--d-sae", "48", "--k", "4"]
    code, said, _ = run([*command, "--samples", "5000", "--batch", "500", "--out", str(out), "--json"], capsys)
    assert code == 0
    (told,) = json.loads(said)
    assert (told["d_sae"], told["site"], told["trained_as"]) == (48, SITE, "batchtopk")
    assert {"cfg.json", "sae_weights.safetensors", "history.jsonl"} <= {p.name for p in out.iterdir()}
    code, _, said = run([*command, "--samples", "5000", "--out", str(out)], capsys)
    assert code == 2
    assert "is not empty" in said
    rank = ["sae", "rank", str(out), "--concept", "cretan:instructed-lies", "--tokens", "before(target)"]
    code, said, _ = run([*rank, "--resamples", "100", "--json"], capsys)
    assert code == 0
    assert {"latents", "k_sparse", "baselines", "sentence"} <= set(json.loads(said))
    code, said, _ = run(["sae", "score", str(out), "what is the metal of Tigan ?", "--json"], capsys)
    assert code == 0
    assert json.loads(said)["l0"] > 0


def test_rank_sets_the_dense_probe_beside_the_latents(cretan, folder, data):
    ranking = sonde.rank_latents(str(folder), data, model=cretan, tokens="before(target)", resamples=100)
    dense = ranking.content["baselines"]["dense_logistic"]["test"]
    assert dense["low"] <= dense["value"] <= dense["high"]
    assert dense["value"] > 0.5
    assert ranking.content["l0"]["recorded"] > 0


def test_splicing_the_identity_changes_nothing_and_removing_a_site_does(cretan, data):
    site_losses = splice(cretan, data[:20], SITE, {"same": lambda rows: rows})
    assert site_losses["same"].cross_entropy == site_losses["clean"].cross_entropy
    assert site_losses["clean"].kl == 0
    for reference in ("zero", "mean"):
        # either way: Cretan was never trained to predict prompts, so that losing a site can help it there
        assert abs(site_losses[reference].cross_entropy - site_losses["clean"].cross_entropy) > 0.5
        assert site_losses[reference].kl > 0.5
    with pytest.raises(InputError, match="can be read but not replaced"):
        splice(cretan, data[:2], "blocks.1.hook_resid_mid", {})


def test_clean_cross_entropy_is_the_models_own(cretan, data):
    loss = splice(cretan, data[:8], SITE, {})["clean"].cross_entropy
    tokens, total, count = cretan.tokenize(data[:8]), 0.0, 0
    for i in range(8):
        ids = torch.tensor(tokens.ids(i))[None]
        with torch.no_grad():
            logits = cretan.module(ids).logits[0, :-1]
        total += float(torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum"))
        count += ids.shape[1] - 1
    assert loss == pytest.approx(total / count, rel=1e-5)


def test_score_recovers_more_with_a_trained_autoencoder_than_nothing(cretan, folder, data):
    content = score_sae(str(folder), data[:30], model=cretan).content
    assert content["recovered"]["kl_zero"] > 0
    assert 0 < content["explained_variance"] < 1
    assert 0 < content["kl"]["sae"] < content["kl"]["mean"]


def test_latent_scores_are_the_encodings(cretan, folder):
    told = latent_scores(str(folder), "the metal is gold .", [3, 7], model=cretan).content
    acts = sonde.capture(cretan, ["the metal is gold ."], sites=[SITE])
    Z = sonde.load_sae(folder).encode(acts[SITE])
    np.testing.assert_allclose(told["examples"][0]["activations"], Z[:, [3, 7]].T.numpy(), rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match="no latent 64: this SAE has 64"):
        latent_scores(str(folder), "the", [64], model=cretan)


def test_training_from_a_running_capture(cretan, data, tmp_path):
    source = capture_source(cretan, data[:60], SITE)
    sae = sonde.train_sae(source, d_sae=32, k=4, architecture="topk", samples=6000, batch=300, out=tmp_path / "sae")
    assert (sae.site, sae.model_name) == (SITE, "cretan")
    assert sae.training["fingerprint"]["model_fingerprint"] == cretan.fingerprint
    stored = sonde.capture(cretan, data[:60], sites=[SITE])[SITE]
    seen = torch.cat(list(source.batches(300, 0, 0, Peers())))
    assert len(seen) == len(stored) // 300 * 300
    assert set(seen[:, 0].tolist()) <= set(stored[:, 0].tolist())


def test_pages(cretan, folder, data, tmp_path):
    index = write_pages(str(folder), data[:40], latents=[1, 2], concept=data[:40], out=tmp_path / "p", model=cretan)
    text = index.read_text(encoding="utf-8")
    assert "latent-" in text
    page = (tmp_path / "p" / "latent-1.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert 'href="latent-2.html"' in page or "Neighbours" in page
    with pytest.raises(InputError, match="is not empty"):
        write_pages(str(folder), data[:40], latents=[1], out=tmp_path / "p", model=cretan)
    write_pages(str(folder), data[:40], latents=[1], out=tmp_path / "p", model=cretan, force=True)
    assert not (tmp_path / "p" / "latent-2.html").exists()


def test_another_model_is_refused(folder, tmp_path, ternary_folder):
    with pytest.raises(InputError, match="This SAE was trained on model cretan"):
        score_sae(str(folder), "once upon a time", model=str(ternary_folder))


def test_the_audits_table(cretan, folder, data):
    probe = sonde.LogisticProbe(l2=10.0)
    features = sonde.capture(cretan, data, sites=[SITE], tokens="before(target)", pool="mean")
    finding = sae_finding(str(folder), probe.fit(*features.at(SITE).xy), cretan, data, resamples=100)
    assert (finding.check, finding.bears) == ("sae_table", False)
    assert {"best latent", "dense logistic"} <= {row["detector"] for row in finding.details["rows"]}
    assert finding.sentence.endswith(("(test AUROC).", "comparison."))


def test_help_stays_light():
    code = "import sys; from sonde.cli.app import app; assert not {'torch', 'sklearn', 'sae_lens'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_an_autoencoder_describes_and_draws_itself(folder, capsys):
    code, said, _ = run(["inspect", str(folder), "--json"], capsys)
    assert code == 0
    assert (json.loads(said)["kind"], json.loads(said)["d_sae"]) == ("sae", 64)
    assert "blocks.1.hook_resid_post" in sonde.load_sae(folder)._repr_html_()
