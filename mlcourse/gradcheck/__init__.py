"""Gradient checks: a derivation against the slope that central differences measure."""

from mlcourse.gradcheck.differences import numerical_gradient, relative_error
from mlcourse.gradcheck.networks import (
    GradientReport,
    check_directions,
    check_layer,
    check_network,
)

__all__ = [
    "GradientReport",
    "check_directions",
    "check_layer",
    "check_network",
    "numerical_gradient",
    "relative_error",
]
