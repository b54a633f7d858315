"""The capture call: selection, pooling, memory, stores, predictions, order, refusals."""

import numpy as np
import pytest
import torch
from zoo import ragged_ids, words

from sonde.activations import pool_rows
from sonde.base.errors import InputError, SondeError
from sonde.capture import capture, forward_seconds, load_model, plan_capture, run_job
from sonde.capture.plan import plan_batches
from sonde.capture.selfcheck import worst_row
from sonde.text.dialogue import Dialogue
from sonde.tokens import parse_selector

SITE = "blocks.1.hook_resid_post"


def test_results_come_in_the_order_of_the_data(llama, texts):
    acts = capture(llama, texts, sites=SITE)
    assert [len(acts.tokens.token_id[a:b]) for a, b in zip(acts.offsets, acts.offsets[1:], strict=False)] == [
        5, 17, 2, 11, 1, 23
    ]  # fmt: skip
    assert acts.tokens.token_id.tolist() == [t for ids in ragged_ids() for t in ids]


def test_only_selected_tokens_are_kept_and_equal_those_of_a_full_capture(llama, texts):
    full = capture(llama, texts, sites=SITE)
    for selector in ("first(3)", "last(2)", "~last(1)"):
        part = capture(llama, texts, sites=SITE, tokens=selector)
        assert worst_row({SITE: part[SITE]}, {SITE: full.select(parse_selector(selector))[SITE]})[0] < 1e-5
        assert part.fingerprint["tokens"] == selector


def test_tokens_behind_the_last_kept_one_are_not_run(llama, texts):
    options = {"predictions": False, "max_tokens": None, "truncation": "error", "token_budget": 100}
    job = plan_capture(llama, texts, sites=SITE, tokens="first(3)", **options)
    assert max(int(b.lengths.max()) for b in job.batches) == 3


def test_pooling_inside_the_hook_equals_pooling_after(llama, texts):
    acts = capture(llama, texts, sites="resid_post")
    for how in ("mean", "last", "first", "max", "ema(0.5)", "rolling_max(3)"):
        features = capture(llama, texts, sites="resid_post", pool=how)
        assert features.pooling == how
        for site in acts.sites:
            after = pool_rows(acts[site], acts.offsets, how)
            assert worst_row({site: features[site]}, {site: after})[0] < 1e-5


def test_labels_and_names_travel(llama):
    data = [Dialogue.from_text(words([3, 4, 5]), id="a", label=1), Dialogue.from_text(words([6]), id="b", label=0)]
    X, y = capture(llama, data, sites=SITE, pool="last").at(SITE).xy
    assert y.tolist() == [1, 0]
    assert X.origin.model == "tiny-llama"
    assert X.origin.fingerprint == llama.fingerprint


def test_a_middle_site_leaves_the_forward_pass_early(llama, texts):
    ran = []
    handle = llama.module.model.layers[2].register_forward_pre_hook(lambda *_: ran.append(2))
    try:
        capture(llama, texts, sites=SITE, check=False)
        assert ran == []
        capture(llama, texts, sites="blocks.2.hook_resid_pre", check=False)
        assert ran
    finally:
        handle.remove()


def test_hooks_are_gone_afterwards_and_training_mode_is_put_back(make_model, texts):
    model = make_model("gpt2")
    model.module.train()
    acts = capture(model, texts, sites=model.sites)
    assert all(m.training for m in model.module.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.module.modules())
    assert torch.equal(acts[SITE], capture(model, texts, sites=SITE)[SITE])


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma2", "mixtral"])
def test_predictions_are_those_of_the_models_own_logits(architecture, make_model, texts):
    model = make_model(architecture)
    acts = capture(model, texts, sites=SITE, predictions=True, token_budget=60)
    row = 0
    for ids in ragged_ids():
        with torch.no_grad():
            log_p = torch.log_softmax(model.module(torch.tensor([ids])).logits[0].double(), dim=-1)
        for place, token in enumerate(ids):
            found = {k: float(v[row]) for k, v in acts.predictions.items()}
            if place == 0:
                assert found == {"log_probability": 0.0, "entropy": 0.0, "predicted": 0.0}
            else:
                assert found["log_probability"] == pytest.approx(float(log_p[place - 1, token]), abs=1e-4)
                entropy = float(-(log_p[place - 1].exp() * log_p[place - 1]).sum())
                assert found["entropy"] == pytest.approx(entropy, abs=1e-4)
                assert found["predicted"] == 1.0
            row += 1


def test_pooled_predictions_are_means_over_predicted_tokens(llama, texts):
    acts = capture(llama, texts[:4], sites=SITE, predictions=True)
    features = capture(llama, texts[:4], sites=SITE, pool="mean", predictions=True)
    for i in range(4):
        own = slice(int(acts.offsets[i]) + 1, int(acts.offsets[i + 1]))
        for key in ("entropy", "log_probability"):
            assert float(features.predictions[key][i]) == pytest.approx(
                float(acts.predictions[key][own].mean()), abs=1e-4
            )
    with pytest.raises(InputError, match="no predicted token"):
        capture(llama, texts, sites=SITE, pool="mean", predictions=True)


def test_predictions_of_other_tokens_come_from_the_same_pass(llama, texts):
    every = capture(llama, texts, sites=SITE, predictions=True)
    features = capture(llama, texts, sites=SITE, tokens="first(1)", pool="mean", predictions="last(2)", token_budget=30)
    assert worst_row({SITE: features[SITE]}, {SITE: every[SITE][every.offsets[:-1]]})[0] < 1e-5
    for i in range(len(texts)):
        own = slice(max(int(every.offsets[i]) + 1, int(every.offsets[i + 1]) - 2), int(every.offsets[i + 1]))
        assert float(features.predictions["predicted"][i]) == own.stop - own.start
        for key in ("entropy", "log_probability"):
            assert float(features.predictions[key][i]) == pytest.approx(
                float(every.predictions[key][own].mean()), abs=1e-4, nan_ok=True
            )
    assert sorted(features.predictions["predicted"].tolist()) == [0, 1, 2, 2, 2, 2]  # one text is a single token
    with pytest.raises(InputError, match="pool='mean'"):
        capture(llama, texts, sites=SITE, tokens="first(1)", predictions="last(2)")


def test_only_tokens_before_the_last_predicted_one_are_run(llama, texts):
    options = {"max_tokens": None, "truncation": "error", "token_budget": 100}
    job = plan_capture(llama, texts, sites=SITE, tokens="first(1)", predictions="first(3)", **options)
    assert max(int(b.lengths.max()) for b in job.batches) == 2


def test_a_plain_pass_is_timed_on_a_sample(llama, texts):
    widths = []
    handle = llama.module.model.register_forward_pre_hook(
        lambda _m, _a, kwargs: widths.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    try:
        ids = [np.arange(n) for n in (9, 8, 7, 6, 5, 4, 3, 2)]
        assert forward_seconds(llama, ids, token_budget=9, sampled=4) > 0
    finally:
        handle.remove()
    # Batches of at most 9 padded tokens: 9 | 8 | 7 | 6 | 5 | 4, 3 | 2; the last warms up, then every second.
    assert widths == [(1, 2), (1, 8), (1, 6), (2, 4)]


def test_a_store_holds_what_memory_holds(llama, texts, tmp_path, monkeypatch):
    monkeypatch.setattr("sonde.capture.plan.UNIT_BYTES", 1500)
    options = {"sites": "resid_post", "tokens": "~first(2)", "predictions": True, "token_budget": 20}
    acts = capture(llama, texts, **options)
    store = capture(llama, texts, store=tmp_path / "s", **options)
    assert len(store.manifest["units"]) > 2
    assert store.manifest["self_check"]["batched_vs_unbatched"] <= 1e-5
    back = store.activations()
    order = [back.examples.ids.index(name) for name in acts.examples.ids]
    for i, j in enumerate(order):
        mine, theirs = slice(*acts.offsets[i : i + 2]), slice(*back.offsets[j : j + 2])
        assert torch.equal(acts[SITE][mine], back[SITE][theirs])
        assert np.array_equal(acts.tokens.position[mine], back.tokens.position[theirs])
        assert torch.equal(acts.predictions["entropy"][mine], back.predictions["entropy"][theirs])


def test_a_store_resumes_and_is_byte_identical(llama, texts, tmp_path, monkeypatch):
    monkeypatch.setattr("sonde.capture.plan.UNIT_BYTES", 1500)
    whole = capture(llama, texts, sites=SITE, store=tmp_path / "a", token_budget=20)
    capture(llama, texts, sites=SITE, store=tmp_path / "b", token_budget=20)
    gone = sorted((tmp_path / "b" / "units").iterdir())[1:3]
    for path in gone:
        path.unlink()
    ran = []
    handle = llama.module.model.layers[0].register_forward_pre_hook(lambda *_: ran.append(1))
    capture(llama, texts, sites=SITE, store=tmp_path / "b", token_budget=20, check=False)
    handle.remove()
    assert 0 < len(ran) < len(plan_batches(np.array([5, 17, 2, 11, 1, 23]), 20))
    assert len(list((tmp_path / "b" / "units").iterdir())) == len(whole.manifest["units"])
    for path in (tmp_path / "a" / "units").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "units" / path.name).read_bytes()
    with pytest.raises(InputError, match="sites"):
        capture(llama, texts, sites="resid_pre", store=tmp_path / "a", token_budget=20)


def test_the_stream_serves_a_sink_of_ones_own(llama, texts):
    options = {"predictions": False, "max_tokens": None, "truncation": "error", "token_budget": 30}
    job = plan_capture(llama, texts, sites=SITE, tokens="all", **options)
    total = sum(batch.values[SITE].double().sum(0) for batch, _ in run_job(job))
    assert torch.allclose(total, capture(llama, texts, sites=SITE)[SITE].double().sum(0), atol=1e-4)


def test_non_finite_activations_name_example_and_site(make_model):
    model = make_model("llama")
    with torch.no_grad():
        model.module.model.embed_tokens.weight[60] = float("nan")
    data = [Dialogue.from_text(words([3, 4]), id="good"), Dialogue.from_text(words([5, 60, 6]), id="bad one")]
    with pytest.raises(InputError, match=r"'bad one'.*not finite") as caught:
        capture(model, data, sites=SITE, check=False)
    assert SITE in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sites": "blocks.9.hook_resid_post"}, "layers 0–2"),
        ({"sites": SITE, "tokens": "user"}, "keeps no token"),
        ({"sites": SITE, "tokens": "~first(1)", "pool": "mean"}, "has no token under the selector"),
        ({"sites": SITE, "pool": "mean", "store": "x"}, "not both"),
        ({"sites": SITE, "token_budget": 0}, "token_budget"),
        ({"sites": SITE, "max_tokens": 8}, "8"),
    ],
)
def test_wrong_input_is_one_sentence(options, said, llama, texts):
    with pytest.raises(InputError, match=said):
        capture(llama, texts, **options)


def test_a_text_longer_than_the_context_is_refused(llama):
    with pytest.raises(InputError, match="128"):
        capture(llama, [words([5] * 129)], sites=SITE)
    assert len(capture(llama, [words([5] * 129)], sites=SITE, truncation="left").tokens) == 128


def test_data_of_no_known_kind_is_refused(llama):
    for data, said in (([], "holds no"), ([1, 2], "int"), ({"a": 1}, "dict")):
        with pytest.raises(InputError, match=said):
            capture(llama, data, sites=SITE)


def test_a_foreign_tokenizer_is_refused(make_model):
    model = make_model("llama", vocab_size=16)
    with pytest.raises(InputError, match="no embedding"):
        capture(model, [words([20])], sites=SITE)


def test_too_large_for_memory_or_disk_is_refused_before_running(llama, texts, tmp_path, monkeypatch):
    monkeypatch.setattr("sonde.capture.sinks._available_memory", lambda: 100)
    with pytest.raises(InputError, match="store=FOLDER"):
        capture(llama, texts, sites=SITE)
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("sonde.capture.sinks.shutil.disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="disk of"):
        capture(llama, texts, sites=SITE, store=tmp_path / "s")


def test_the_room_can_be_called(llama, texts):
    import sonde.capture as room

    assert torch.equal(room(llama, texts, sites=SITE)[SITE], llama.capture(texts, sites=SITE)[SITE])


def test_half_precision_is_kept(word_level, texts):
    from zoo import tiny

    model = load_model(tiny("llama").to(torch.bfloat16), tokenizer=word_level, name="half")
    assert capture(model, texts, sites=SITE)[SITE].dtype == torch.bfloat16
    assert "attn_out" not in model.adapter.absent


def test_values_can_be_trained_on(llama, texts):
    weights = torch.zeros(32, requires_grad=True)
    (capture(llama, texts, sites=SITE)[SITE] @ weights).sum().backward()
    options = {"predictions": False, "max_tokens": None, "truncation": "error", "token_budget": 30}
    for batch, _ in run_job(plan_capture(llama, texts, sites=SITE, tokens="all", **options)):
        assert not torch.is_inference_mode_enabled()
        (batch.values[SITE] @ weights).sum().backward()
    assert weights.grad.abs().sum() > 0


def test_handing_batches_on_late_changes_nothing(llama, texts, monkeypatch):
    now = capture(llama, texts, sites="resid_post", predictions=True, token_budget=20)
    monkeypatch.setattr("sonde.capture.engine.batches_behind", lambda _: 1)
    late = capture(llama, texts, sites="resid_post", predictions=True, token_budget=20)
    assert all(torch.equal(now[site], late[site]) for site in now.sites)
    assert all(torch.equal(now.predictions[key], late.predictions[key]) for key in now.predictions)


def test_no_memory_for_a_batch_is_one_sentence(llama, texts, monkeypatch):
    def forward(**_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(llama.module.model, "forward", forward)
    with pytest.raises(SondeError, match="pass a smaller token_budget"):
        capture(llama, texts, sites=SITE, check=False)
