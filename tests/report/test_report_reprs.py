import itertools
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sonde_reading import read

from sonde.activations import Activations
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable, TokenTable
from sonde.report import cosine_map, notebook_figure, render, strips_of
from sonde.report.features import FeaturePage
from sonde.report.tables import sweep_table
from sonde.scores import Estimate, Scores, Threshold, threshold_from_control
from sonde.text import Dataset, Dialogue
from sonde.tokens import Tokens

HOSTILE = "<script>alert(1)</script>\u202e\u200b"


def table_of(text, spans, roles, lengths=None):
    """One example's token table from character spans."""
    t = len(spans)
    zeros = np.zeros(t, dtype=np.int64)
    return TokenTable(
        token_id=zeros,
        position=np.arange(t),
        role=np.array(roles),
        message=zeros,
        segment=zeros,
        special=np.zeros(t, dtype=bool),
        target=np.zeros(t, dtype=bool),
        start=np.array([s for s, _ in spans]),
        end=np.array([e for _, e in spans]),
        offsets=np.array([0, t]),
        lengths=np.array([lengths or t]),
        texts=(text,),
    )


def token_scores(own=None):
    table = table_of("hi 🦜 yo", [(0, 2), (2, 4), (3, 4), (3, 4), (4, 7)], [2, 3, 3, 3, 3])
    examples = ExampleTable(ids=("a" + HOSTILE,), labels=np.array([1]), positive="lie")
    threshold = threshold_from_control(np.arange(1000.0) / 1000)
    return Scores(np.array([0.1, 2.0, 3.0, 0.5, 1.0]), table.offsets, table, examples, threshold, "lie", own)


def test_tokens_that_share_a_character_show_it_once():
    (strip,) = strips_of(token_scores(np.array([1.5])))
    assert strip.tokens == ("hi", " 🦜", "", "", " yo")
    assert strip.scores == (0.1, 2.0, 3.0, 0.5, 1.0)
    assert strip.roles[0] == "user"
    assert (strip.class_name, strip.score) == ("lie", 1.5)


def test_text_between_kept_tokens_is_context():
    scores = token_scores()
    mask = np.array([False, False, False, False, True])
    kept = scores.tokens.keep(mask)
    (strip,) = strips_of(Scores(scores.values[mask], kept.offsets, kept, scores.examples))
    assert strip.tokens == ("hi 🦜", " yo")
    assert strip.scores == (None, 1.0)
    assert strip.roles == ("context", "assistant")
    assert strip.score is None


def test_a_probe_without_a_threshold_flags_nothing():
    table, cut = ExampleTable(ids=("a", "b")), Threshold(2.0, 0.01, "chat", 1000, 0.01, (0.0, 0.02))
    plain = render(Scores.of_examples(np.array([1.0, 3.0]), table))
    assert "none set" in plain
    assert "flagged" not in plain
    flagged = render(Scores.of_examples(np.array([1.0, 3.0]), table, threshold=cut))
    assert flagged.index(">yes<") < flagged.index(">no<")


def test_an_estimate_tells_itself_as_a_reader_wants_it():
    said = []
    Estimate(0.5, 0.25, 0.75, note="coarse")._repr_pretty_(SimpleNamespace(text=said.append), False)
    assert said == ["0.500 [0.250, 0.750] (coarse)"]


def test_what_every_row_of_a_sweep_says_is_said_once():
    rows = [
        {"site": f"blocks.{i}.hook_resid_post", "layer": i, "probe": "lda", "l2": None,
         "auroc": {"value": 0.5, "low": 0.4, "high": 0.6, "note": note}}
        for i, note in enumerate(["the same", "the same"])
    ]  # fmt: skip
    assert sweep_table(rows, None).caption.endswith("; the same")
    rows[0]["auroc"]["note"] = "another"
    table = sweep_table(rows, None)
    assert "same" not in table.caption
    assert [row.cells[-1].note for row in table.rows] == ["another", "the same"]


def test_scores_of_examples_have_no_strip():
    with pytest.raises(InputError, match="score_tokens"):
        strips_of(Scores.of_examples(np.array([1.0]), ExampleTable(ids=("a",))))


def values():
    data = Dataset.from_texts([f"Paris {HOSTILE}", "Rome"], labels=[1, 0], name=HOSTILE)
    table = token_scores().tokens
    acts = Activations.of_rows({"blocks.0.hook_resid_post": torch.arange(10.0).reshape(5, 2)}, [0, 2, 5])
    return {
        "dataset": data,
        "dialogue": Dialogue.from_messages([{"role": "user", "content": HOSTILE}], id=HOSTILE, tags={"style": HOSTILE}),
        "tokens": Tokens(table, (HOSTILE,), "f" * 64),
        "activations": acts,
        "features": acts.pool("mean"),
        "token scores": token_scores(np.array([1.5])),
        "example scores": Scores.of_examples(np.array([1.0, 3.0]), ExampleTable(ids=("a", HOSTILE))),
    }


@pytest.mark.parametrize("name", list(values()))
def test_values_draw_themselves_inertly(name):
    html = render(values()[name])
    reader = read(html)
    assert not reader.errors
    assert not reader.open
    assert "script" not in reader.tags
    assert "\u202e" not in html
    if name not in ("activations", "features"):
        assert "U+202E" in html


def test_selected_tokens_are_framed_and_the_text_stays():
    tokens = Tokens(token_scores().tokens, ("one",), "f" * 64)
    shown = tokens.show("last(1)")
    assert isinstance(shown, str)
    assert shown == str(tokens.show("last(1)"))
    html = render(shown)
    assert html.count('class="tk on') == 1
    assert html.count('class="tk ns') == 4
    assert "taken 1 of 5 tokens" in html


def test_a_latent_is_drawn_and_told_in_a_line():
    page = FeaturePage(7, 64, [("model", "m")], 200, np.array([0.5, 2.0]), neighbours=[(9, 0.5)])
    html = render(page)
    assert "Latent 7 of 64" in html
    assert 'class="hist"' in html
    assert "9 (0.50)" in html
    assert repr(page) == "Latent 7 of 64: active in 1.00% of 200 tokens, highest activation 2.000"


def test_a_figure_brings_the_script_once_and_tells_itself_in_a_line(monkeypatch):
    monkeypatch.setattr(notebook_figure, "_drawn", itertools.count())
    figure = cosine_map({"a": np.ones(2)})
    first, second = figure._repr_mimebundle_(), figure._repr_mimebundle_()
    assert len(first["text/html"]) > 1_000_000 > len(second["text/html"])
    assert "http" not in second["text/html"]
    assert first["text/plain"] == repr(figure)
    assert first["application/vnd.plotly.v1+json"]["data"][0]["type"] == "heatmap"
    assert figure._ipython_display_ is None


def test_what_the_room_does_not_know_has_no_picture():
    assert render(3) is None
    assert render(type("Dataset", (), {})()) is None


PROBE_CARDS = """
import numpy as np, torch
from sonde.activations import Activations
from sonde.base.tables import ExampleTable
from sonde.probes import RidgeProbe
from sonde.report import render
acts = Activations.of_rows(
    {"blocks.0.hook_resid_post": torch.arange(16.0).reshape(8, 2)},
    list(range(9)),
    ExampleTable(tuple("abcdefgh"), np.array([0, 1] * 4)),
)
features = acts.pool("mean").at("blocks.0.hook_resid_post")
print(render(RidgeProbe()), "=====", render(RidgeProbe().fit(*features.xy)))
"""


def test_a_probe_card_shows_where_it_reads():
    # in a process of its own, as a notebook has it: without the shape checks of the test session
    done = subprocess.run([sys.executable, "-c", PROBE_CARDS], capture_output=True, text=True, timeout=120, check=True)
    unfitted, fitted = done.stdout.split("=====")
    assert "RidgeProbe: not fitted" in unfitted
    for said in ("RidgeProbe: not audited", "blocks.0.hook_resid_post", "none set"):
        assert said in fitted
