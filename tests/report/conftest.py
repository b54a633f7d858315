"""The room's example run."""

import pytest
from example import example_report


@pytest.fixture(scope="session")
def report():
    return example_report()
