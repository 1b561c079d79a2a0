"""One random generator for the tests that need numbers, whichever they are."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(0)
