import tomllib

import pytest
import tomli_w

from sonde.base.errors import InputError
from sonde.recipe import parse_recipe, read_recipe

MINIMAL = 'name = "truth"\nmodel = "cretan"\n[data]\ntrain = "facts.csv"\n'


def write(tmp_path, text):
    path = tmp_path / "r.toml"
    path.write_text(text)
    return path


def test_defaults_are_filled_in(tmp_path):
    recipe = read_recipe(write(tmp_path, MINIMAL))
    assert recipe.capture.sites == ("resid_post",)
    assert recipe.probe.types == ("logistic", "mean_difference")
    assert recipe.data.test == ()


def test_a_recipe_is_frozen(tmp_path):
    recipe = read_recipe(write(tmp_path, MINIMAL))
    with pytest.raises(Exception, match="frozen"):
        recipe.name = "other"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MINIMAL.replace("model", "modle"), "did you mean 'model'"),
        (MINIMAL + 'tesst = ["a"]\n', "did you mean 'test'"),
        (MINIMAL + "[prob]\nfolds = 3\n", "did you mean 'probe'"),
        (MINIMAL + "[probe]\nfolds = 1\n", "'probe.folds'"),
        (MINIMAL + '[probe]\ntypes = ["svm"]\n', "'probe.types'"),
        (MINIMAL + "[probe]\nl2 = [0.0]\n", "'probe.l2'"),
        ('name = "a"\nmodel = "cretan"\n', "'data' is missing"),
        (MINIMAL.replace('"truth"', '"../truth"'), "'name'"),
        ("name = \n", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_sentence_naming_the_key(tmp_path, text, said):
    with pytest.raises(InputError, match=r"r\.toml") as caught:
        read_recipe(write(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(tmp_path / "none.toml")


def test_settings_override_by_full_or_unique_bare_key(tmp_path):
    path = write(tmp_path, MINIMAL)
    recipe = read_recipe(path, ["probe.folds=3", "l2=[0.5, 2]", "model=some/folder", "control=a.csv"])
    assert recipe.probe.folds == 3
    assert recipe.probe.l2 == (0.5, 2.0)
    assert recipe.model == "some/folder"
    assert recipe.data.control == "a.csv"


@pytest.mark.parametrize("setting", ["folds", "probe.fold=3", "nothing=1"])
def test_a_bad_setting_is_refused(tmp_path, setting):
    with pytest.raises(InputError, match="--set"):
        read_recipe(write(tmp_path, MINIMAL), [setting])


def test_a_single_value_stands_for_a_list():
    recipe = parse_recipe({"name": "a", "model": "m", "data": {"train": "t", "test": "u"}, "probe": {"l2": 3}})
    assert recipe.data.test == ("u",)
    assert recipe.probe.l2 == (3.0,)


def test_what_is_written_reads_back_equal(tmp_path):
    recipe = read_recipe(write(tmp_path, MINIMAL), ["probe.l2=[1.5]", 'positive="lie"'])
    text = tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))
    assert parse_recipe(tomllib.loads(text)) == recipe
