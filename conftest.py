"""Every doctest may use ``np``, as NumPy's own documentation does."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _np_in_doctests(doctest_namespace):
    doctest_namespace["np"] = np
