import math

import numpy as np
import pytest

from sonde.base.errors import InputError
from sonde.report import cosine_map, dose_response, patching_map, projection, render_figure, site_grid

HOSTILE = "<b onclick=x>&"


def test_the_site_grid_puts_the_first_site_at_the_bottom_and_frames_the_selected_cell():
    cells = {
        ("blocks.0.hook_resid_post", "last(1)"): {"value": 0.6, "low": 0.5, "high": 0.7},
        ("blocks.1.hook_resid_post", "last(1)"): {"value": 0.9, "low": 0.8, "high": 0.95},
        ("blocks.1.hook_resid_post", "first(1)"): {"value": None, "reason": "one class only"},
    }
    figure = site_grid(cells, selected=("blocks.1.hook_resid_post", "last(1)"), n=40)
    grid = figure.data[0]
    assert figure.layout.yaxis.ticktext == ("blocks.1.hook_resid_post", "blocks.0.hook_resid_post")
    assert figure.layout.xaxis.ticktext == ("last(1)", "first(1)")
    assert list(map(list, grid.z)) == [[0.9, None], [0.6, None]]
    assert "0.800 to 0.950" in grid.text[0][0]
    assert "one class only" in grid.text[0][1]
    assert "not measured" in grid.text[1][1]
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.y0) == (-0.5, -0.5)
    assert "n = 40" in figure.layout.meta["caption"]


def test_cosines_are_those_of_the_angles_between_directions():
    angles = {"a": 0.0, "b": math.pi / 3, "c": math.pi}
    directions = {name: 5.0 * np.array([math.cos(t), math.sin(t)]) for name, t in angles.items()}
    z = cosine_map(directions).data[0].z
    for i, a in enumerate(angles.values()):
        for j, b in enumerate(angles.values()):
            assert z[i][j] == pytest.approx(math.cos(a - b))


@pytest.mark.parametrize(
    ("directions", "sentence"),
    [
        ({"a": np.ones(2), "b": np.ones(3)}, r"widths \[2, 3\]"),
        ({"a": np.ones(2), "b": np.zeros(2)}, "'b' has length 0"),
    ],
)
def test_directions_that_cannot_be_compared_are_refused(directions, sentence):
    with pytest.raises(InputError, match=sentence):
        cosine_map(directions)


def test_the_range_given_for_random_cosines_holds():
    rng = np.random.default_rng(0)
    d = 160
    pairs = rng.normal(size=(4000, 2, d))
    pairs /= np.linalg.norm(pairs, axis=2, keepdims=True)
    inside = np.abs((pairs[:, 0] * pairs[:, 1]).sum(1)) < 2 / math.sqrt(d)
    assert inside.mean() == pytest.approx(0.955, abs=0.015)


def test_a_patching_map_keeps_cells_beside_their_site():
    figure = patching_map(np.array([[0.1, 0.2], [0.3, np.nan]]), ["first", "second"], ["p", "q"], n=10)
    assert figure.layout.yaxis.ticktext == ("second", "first")
    assert list(map(list, figure.data[0].z)) == [[0.3, None], [0.1, 0.2]]
    assert "second" in figure.data[0].text[0][0]


def test_a_projection_draws_each_class_and_says_that_it_is_a_view():
    points = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    figure = projection(points, ["lie", "honest", "lie"], axes=("score", "component"), names=["a", "b", "c"])
    lie, honest = figure.data
    assert (tuple(lie.x), tuple(lie.y)) == ((0.0, 4.0), (1.0, 5.0))
    assert tuple(honest.text) == ("b",)
    assert "A view, not evidence" in figure.layout.meta["caption"]
    with pytest.raises(InputError, match="3 points was given 2 classes"):
        projection(points, ["lie", "honest"], axes=("score", "component"))


def test_a_dose_response_is_in_percent_with_its_interval():
    points = [{"value": 0.1, "low": 0.05, "high": 0.2}, {"value": 0.8, "low": 0.7, "high": 0.9}]
    figure = dose_response([0, 4], {"d": points}, behaviour="lies", n=200, random_range=[(0.0, 0.1), (0.1, 0.3)])
    band, line = figure.data
    assert tuple(band.y) == (10, 30, 10, 0)
    assert line.y == (10, 80)
    assert line.error_y.array == pytest.approx((10, 10))
    assert line.error_y.arrayminus == pytest.approx((5, 10))


def test_a_map_says_how_wide_it_must_be_and_its_page_scrolls():
    few = cosine_map({f"direction-{i}": np.eye(3)[i] for i in range(3)})
    many = cosine_map({f"direction-{i}": np.eye(30)[i] for i in range(30)})
    assert 3 * 68 < few.layout.meta["least_width"] < many.layout.meta["least_width"] < 30 * 38
    html = render_figure(few)
    assert f"min-width:{few.layout.meta['least_width']}px" in html
    assert 'class="wide" role="region"' in html


def test_names_from_data_carry_no_markup():
    figures = [
        site_grid({(HOSTILE, HOSTILE): {"value": 0.5}}),
        cosine_map({HOSTILE: np.ones(2)}),
        patching_map(np.ones((1, 1)), [HOSTILE], [HOSTILE], n=1),
        projection(np.zeros((1, 2)), [HOSTILE], axes=(HOSTILE, HOSTILE), names=[HOSTILE]),
        dose_response([0], {HOSTILE: [{"value": 0, "low": 0, "high": 0}]}, behaviour=HOSTILE, n=1),
    ]
    for figure in figures:
        assert "<b onclick" not in str(figure.to_dict())
