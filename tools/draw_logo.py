"""Draw the logo: gradient descent with momentum, on the quadratic whose contours it crosses.

Run ``python tools/draw_logo.py`` to write ``_static/logo.svg`` and ``_static/favicon.svg``.
"""

from pathlib import Path

import numpy as np

STATIC = Path(__file__).parents[1] / "_static"
BLUE, ORANGE = "#2B84C4", "#D55E00"  # legible on white and on near-black
CURVATURE = np.array([1.0, 2.6])
CENTRE = np.array([38.5, 38.0])


def descent(start: tuple[float, float], steps: int, lr: float, momentum: float) -> np.ndarray:
    """Return the points of classical momentum on f(x) = (x₁² + 2.6 x₂²) / 2, (T + 1, 2)."""
    x, v = np.array(start), np.zeros(2)
    path = [x]
    for _ in range(steps):
        v = momentum * v + CURVATURE * x
        x = x - lr * v
        path.append(x)
    return np.array(path)


def draw(levels: list[float], steps: int, stroke: float) -> str:
    rings = "".join(
        f'<ellipse cx="{CENTRE[0]:g}" cy="{CENTRE[1]:g}" rx="{r:g}" '
        f'ry="{r / CURVATURE[1] ** 0.5:.1f}" opacity="{1 - r / 45:.2f}"/>'
        for r in levels
    )
    path = CENTRE + descent((-33.5, -26.0), steps, lr=0.22, momentum=0.55)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in path)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{stroke:g}"/>' for x, y in path)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<g fill="none" stroke="{BLUE}" stroke-width="{stroke:g}">{rings}</g>'
        f'<polyline points="{line}" fill="none" stroke="{ORANGE}" stroke-width="{stroke:g}" '
        f'stroke-linejoin="round"/><g fill="{ORANGE}">{dots}</g></svg>\n'
    )


if __name__ == "__main__":
    (STATIC / "logo.svg").write_text(draw([6, 12, 18, 24], steps=12, stroke=1.6))
    (STATIC / "favicon.svg").write_text(draw([8, 20], steps=5, stroke=3.5))
