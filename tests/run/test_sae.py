"""The commands on Cretan, small: train from a store and from a running capture, rank, score, page, audit."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sonde
from sonde.base.errors import InputError
from sonde.base.tables import ROLES
from sonde.capture import splice
from sonde.cli import main
from sonde.organism.contrasts import CONTRASTS
from sonde.run.sae_audit import sae_finding
from sonde.run.sae_pages import show_latent, write_pages
from sonde.run.sae_score import latent_scores, score_sae
from sonde.run.sae_train import capture_source, train_sae_from
from sonde.saes.parallel import Peers
from sonde.saes.probing import split_groups

SITE, BLOCK = "blocks.1.hook_resid_post", "model.layers.1"


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


@pytest.mark.slow
def test_the_commands_end_to_end(store, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(CONTRASTS, "instructed-lies", replace(CONTRASTS["instructed-lies"], n=160))
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
    """The dense probe's AUROC is scikit-learn's on the same split; a latent's is that of its largest activation."""
    content = sonde.rank_latents(str(folder), data, model=cretan, tokens="before(target)", resamples=100).content
    acts = sonde.capture(cretan, data, sites=[SITE], tokens="before(target)")
    X, y = acts[SITE].double().numpy(), acts.examples.labels == 1
    parts = split_groups(y, acts.examples.groups, seed=0)
    dense = content["baselines"]["dense_logistic"]
    read = make_pipeline(StandardScaler(), LogisticRegression(C=1 / dense["l2"], max_iter=5000))
    scores = read.fit(X[parts[0]], y[parts[0]]).decision_function(X[parts[2]])
    assert dense["test"]["value"] == pytest.approx(roc_auc_score(y[parts[2]], scores), abs=0.01)
    assert dense["test"]["low"] <= dense["test"]["value"] <= dense["test"]["high"]
    Z = sonde.load_sae(folder).encode(acts[SITE]).numpy()
    for told in content["latents"][:5]:
        values = np.sign(told["z"]) * Z[:, told["latent"]]
        assert told["test"]["value"] == pytest.approx(roc_auc_score(y[parts[2]], values[parts[2]]))
        assert abs(told["auroc"] - 0.5) == pytest.approx(roc_auc_score(y[parts[0]], values[parts[0]]) - 0.5)
    assert content["l0"]["here"] == pytest.approx((Z > 0).sum(1).mean())


def next_token_losses(model, data, roles, edit=None):
    """Log-probabilities of every token of `roles` given those before it, one dialogue at a time, block 1 edited."""
    tokens, found = model.tokenize(data), []
    hook = model.module.get_submodule(BLOCK).register_forward_hook(
        lambda module, given, out: (
            out if edit is None else (edit(out[0]), *out[1:]) if isinstance(out, tuple) else edit(out)
        )
    )
    for i in range(len(data)):
        ids = torch.tensor(tokens.ids(i))[None]
        with torch.no_grad():
            log_p = model.module(ids).logits[0, :-1].log_softmax(-1)
        part = tokens.table.role[tokens.table.offsets[i] + 1 : tokens.table.offsets[i + 1]]
        counted = torch.from_numpy(np.isin(part, [ROLES.index(role) for role in roles]))
        found.append((log_p[counted], ids[0, 1:][counted]))
    hook.remove()
    return torch.cat([p for p, _ in found]), torch.cat([t for _, t in found])


def cross_entropy(log_p, targets):
    return -float(log_p.gather(1, targets[:, None]).mean())


@pytest.mark.parametrize("predicted", ["all", "assistant"])
def test_splicing_is_what_a_hook_does(cretan, data, predicted):
    """Identity changes nothing; zeros and means are what a forward hook makes of them, dialogue by dialogue."""
    part = data[:12]
    roles = ROLES if predicted == "all" else [predicted]
    found = splice(cretan, part, SITE, {"same": lambda rows: rows}, predicted=predicted)
    assert found["same"] == found["clean"]
    assert found["clean"].kl == 0
    clean, targets = next_token_losses(cretan, part, roles)
    assert found["clean"].tokens == len(targets)
    assert found["clean"].cross_entropy == pytest.approx(cross_entropy(clean, targets), rel=1e-4)
    mean = sonde.capture(cretan, part, sites=[SITE])[SITE].mean(0)
    for name, edit in (("zero", torch.zeros_like), ("mean", lambda rows: mean.expand_as(rows))):
        log_p, _ = next_token_losses(cretan, part, roles, edit)
        kl = float(torch.nn.functional.kl_div(log_p, clean, log_target=True, reduction="batchmean"))
        assert found[name].cross_entropy == pytest.approx(cross_entropy(log_p, targets), rel=1e-3)
        assert found[name].kl == pytest.approx(kl, rel=1e-3)


def test_what_cannot_be_spliced(cretan, data):
    with pytest.raises(InputError, match="can be read but not replaced"):
        splice(cretan, data[:2], "blocks.1.hook_resid_mid", {})
    with pytest.raises(InputError, match="'tool' selects follows another, so nothing is predicted"):
        splice(cretan, data[:2], SITE, {}, predicted="tool")


def test_score_is_of_what_the_model_learnt_to_predict(cretan, folder, data):
    """By default answers alone: there losing the site costs, and what is recovered follows from the losses."""
    content = score_sae(str(folder), data[:30], model=cretan).content
    assert content["predicted"]["tokens"] == "assistant"
    assert content["predicted"]["n"] == int((cretan.tokenize(data[:30]).table.role == ROLES.index("assistant")).sum())
    entropy, kl = content["cross_entropy"], content["kl"]
    assert entropy["clean"] < min(entropy["zero"], entropy["mean"])
    for reference in ("zero", "mean"):
        lost = (entropy["sae"] - entropy["clean"]) / (entropy[reference] - entropy["clean"])
        assert content["recovered"][f"ce_{reference}"] == pytest.approx(1 - lost)
        assert content["recovered"][f"kl_{reference}"] == pytest.approx(1 - kl["sae"] / kl[reference])
    acts = sonde.capture(cretan, data[:30], sites=[SITE])[SITE]
    sae = sonde.load_sae(folder)
    left, whole = (sae.reconstruct(acts) - acts).square().sum(), (acts - acts.mean(0)).square().sum()
    assert content["explained_variance"] == pytest.approx(1 - float(left / whole), rel=1e-3)
    plain = score_sae(str(folder), "the metal of Tigan is gold .", model=cretan, predicted="all").content
    assert plain["predicted"] == {
        "tokens": "all",
        "n": len(cretan.tokenize(["the metal of Tigan is gold ."]).table) - 1,
    }


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
    shown = show_latent(str(folder), 1, data[:40], model=cretan)
    alike = torch.nn.functional.cosine_similarity(sonde.load_sae(folder).W_dec[1][None], sonde.load_sae(folder).W_dec)
    assert [i for i, _ in shown.neighbours] == alike.argsort(descending=True)[1:13].tolist()
    with pytest.raises(InputError, match="is not empty"):
        write_pages(str(folder), data[:40], latents=[1], out=tmp_path / "p", model=cretan)
    write_pages(str(folder), data[:40], latents=[1], out=tmp_path / "p", model=cretan, force=True)
    assert not (tmp_path / "p" / "latent-2.html").exists()


def test_another_model_is_refused(folder, tmp_path, ternary_folder):
    with pytest.raises(InputError, match="This SAE was trained on model cretan"):
        score_sae(str(folder), "once upon a time", model=str(ternary_folder))


@pytest.mark.slow
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
