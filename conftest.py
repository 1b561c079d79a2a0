"""Set-up of every test: doctests know ``np``, notebooks know the semicolon."""

import numpy as np
import pytest
from nbval.kernel import RunningKernel


@pytest.fixture(autouse=True)
def _np_in_doctests(doctest_namespace):
    """Every doctest may use ``np``, as NumPy's own documentation does."""
    doctest_namespace["np"] = np


def _execute_as_a_reader_does(self, source, allow_stdin=None):
    return self.kc.execute(source, allow_stdin=allow_stdin, stop_on_error=False)


# nbval runs cells without a history, where IPython overlooks the semicolon that hides a value
# (computationalmodelling/nbval issue 194).
RunningKernel.execute_cell_input = _execute_as_a_reader_does
