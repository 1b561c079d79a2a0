import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcourse.data import (
    Augment,
    crop,
    mini_mnist,
    resample,
    rotation,
    scale,
    shear,
    stretch,
    translation,
)

SIX = [crop(4), scale(0.2), translation(2), rotation(20), stretch(0.2), shear(0.3)]
IDENTITY = [crop(0), scale(0), translation(0), rotation(0), stretch(0), shear(0)]


def generator(seed=0):
    return np.random.default_rng(seed)


def affine(b11=1.0, b12=0.0, t_x=0.0, b21=0.0, b22=1.0, t_y=0.0):
    return np.array([[b11, b12, t_x], [b21, b22, t_y], [0, 0, 1]])


def by_torch(X, B):
    """The same resampling by PyTorch, whose coordinates run from -1 to 1 over the pixel centres."""
    _, H, W = X.shape
    to_pixels = np.diag([(W - 1) / 2, (H - 1) / 2, 1])
    theta = np.linalg.inv(to_pixels) @ B @ to_pixels
    images = torch.from_numpy(X)[:, None]
    grid = torch.nn.functional.affine_grid(
        torch.from_numpy(theta[:, :2]).to(images), list(images.shape), align_corners=True
    )
    return torch.nn.functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="zeros", align_corners=True
    ).numpy()[:, 0]


@given(
    seed=st.integers(0, 2**32),
    N=st.integers(1, 4),
    shape=st.tuples(st.integers(2, 12), st.integers(2, 12)),
)
@settings(max_examples=60)
def test_resample_agrees_with_torch(seed, N, shape):
    rng = generator(seed)
    X = rng.normal(size=(N, *shape))
    B = np.tile(np.eye(3), (N, 1, 1))
    B[:, :2] += rng.normal(size=(N, 2, 3)) * [1, 1, 3]  # many places lie outside
    np.testing.assert_allclose(resample(X, B), by_torch(X, B), rtol=0, atol=1e-11)


def test_chain_on_digits_agrees_with_torch():
    X = mini_mnist().train.X[:200]
    seen = []

    def recorded(draw):
        def record(N, shape, rng):
            seen.append(draw(N, shape, rng))
            return seen[-1]

        return record

    Y = Augment([recorded(draw) for draw in SIX], rng=generator())(X)
    B = seen[0]
    for step in seen[1:]:
        B = B @ step
    expected = by_torch(X.reshape(-1, 28, 28).astype(np.float64), B)
    # In float32 a place is exact to about 2e-6 pixels, and ink rises by at most 1 a pixel.
    np.testing.assert_allclose(Y, expected.reshape(-1, 784), rtol=0, atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 784), (3, 28, 28), (3, 5, 9)])
def test_zero_strength_is_exactly_the_identity(shape, dtype):
    X = generator().normal(size=shape).astype(dtype)
    for steps in [*([step] for step in IDENTITY), IDENTITY, []]:
        Y = Augment(steps, rng=generator())(X)
        assert Y.dtype == dtype
        assert not np.shares_memory(X, Y)
        np.testing.assert_array_equal(Y, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("right", [-9, -2, 0, 1, 30])
@pytest.mark.parametrize("down", [-3, 0, 5])
def test_whole_pixels_are_moved_exactly(right, down, dtype):
    X = generator().normal(size=(2, 7, 8)).astype(dtype)
    expected = np.zeros_like(X)
    for row in range(7):
        for column in range(8):
            if 0 <= row - down < 7 and 0 <= column - right < 8:
                expected[:, row, column] = X[:, row - down, column - right]
    np.testing.assert_array_equal(resample(X, affine(t_x=-right, t_y=-down)), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("side", [4, 7, 28])
@pytest.mark.parametrize("quarters", [-1, 1, 2, 3])
def test_quarter_turns_are_exact(quarters, side, dtype):
    X = generator().normal(size=(2, side, side)).astype(dtype)
    phi = np.deg2rad(90 * quarters)
    B = affine(np.cos(phi), -np.sin(phi), 0, np.sin(phi), np.cos(phi), 0)
    turned = np.rot90(X, quarters, axes=(1, 2))
    np.testing.assert_array_equal(resample(X, B.round()), turned)
    # The cosine of pi/2 in float64 is 6e-17.
    np.testing.assert_allclose(resample(X, B), turned, rtol=0, atol=1e-13)


def test_drawn_parameters_fill_their_range():
    N, limits = 4000, dict(rtol=0, atol=0.01)
    zeros = np.zeros(N)

    def entries(step):
        B = step(N, (28, 14), generator())
        np.testing.assert_array_equal(B[:, 2], np.tile([0, 0, 1], (N, 1)))
        return B[:, :2].reshape(N, 6).T  # b11, b12, t_x, b21, b22, t_y

    def assert_uniform(values, low, high):
        np.testing.assert_allclose((values.min(), values.max()), (low, high), **limits)
        assert values.min() >= low
        assert values.max() <= high
        np.testing.assert_allclose(values.mean(), (low + high) / 2, atol=0.05 * (high - low))

    b11, b12, t_x, b21, b22, t_y = entries(rotation(30))
    assert_uniform(np.rad2deg(np.arctan2(b21, b11)) / 30, -1, 1)
    np.testing.assert_allclose([b11**2 + b21**2, b22, b12], [zeros + 1, b11, -b21], atol=1e-15)
    np.testing.assert_array_equal([t_x, t_y], [zeros, zeros])

    b11, b12, t_x, b21, b22, t_y = entries(translation(3))
    assert_uniform(-t_x / 3, -1, 1)
    assert_uniform(-t_y / 3, -1, 1)
    assert abs(np.corrcoef(t_x, t_y)[0, 1]) < 0.06
    np.testing.assert_array_equal([b11, b12, b21, b22], [zeros + 1, zeros, zeros, zeros + 1])

    b11, b12, t_x, b21, b22, t_y = entries(scale(0.25))
    assert_uniform(1 / b11, 0.75, 1.25)
    np.testing.assert_array_equal([b22, b12, b21, t_x, t_y], [b11, *[zeros] * 4])

    b11, b12, t_x, b21, b22, t_y = entries(stretch(0.25))
    assert_uniform(1 / b11, 0.75, 1.25)
    assert_uniform(1 / b22, 0.75, 1.25)
    assert abs(np.corrcoef(b11, b22)[0, 1]) < 0.06
    np.testing.assert_array_equal([b12, b21, t_x, t_y], [zeros] * 4)

    b11, b12, t_x, b21, b22, t_y = entries(shear(0.5))
    assert_uniform(-b12, -0.5, 0.5)
    np.testing.assert_array_equal([b11, b22, b21, t_x, t_y], [zeros + 1, zeros + 1, *[zeros] * 3])

    b11, b12, t_x, b21, b22, t_y = entries(crop(7))
    np.testing.assert_allclose(b11, 0.5)  # 14 columns, window of 7
    np.testing.assert_allclose(b22, 0.75)  # 28 rows, window of 21
    assert_uniform(t_x, -3.5, 3.5)
    assert_uniform(t_y, -3.5, 3.5)
    np.testing.assert_array_equal([b12, b21], [zeros, zeros])


def test_crop_shows_the_window_enlarged():
    X = generator().normal(size=(1, 8, 8))
    # A window of half the size in the corner: new pixel k has its centre at k/2 - 1/4.
    corner = resample(X, affine(0.5, 0, -2, 0, 0.5, -2))
    places = np.arange(8) / 2 - 0.25
    expected = np.interp(places[1:], np.arange(8), X[0, 0])
    weight = 0.75  # the first row lies a quarter pixel above the old first row
    np.testing.assert_allclose(corner[0, 0, 1:], weight * expected)


def test_chain_multiplies_maps_in_the_order_of_the_steps():
    X = np.zeros((1, 9, 9))
    X[0, 4, 4] = 1

    def move_right_by_two(N, shape, rng):
        return affine(t_x=-2)[None]

    def turn_left(N, shape, rng):
        return affine(0, -1, 0, 1, 0, 0)[None]

    for steps, place in [
        ([move_right_by_two, turn_left], (2, 4)),  # to the right, then up
        ([turn_left, move_right_by_two], (4, 6)),  # turned in its place, then right
    ]:
        Y = Augment(steps, rng=generator())(X)
        assert np.unravel_index(Y[0].argmax(), (9, 9)) == place


def test_each_image_gets_its_own_map_and_each_call_new_ones():
    X = np.repeat(mini_mnist().train.X[:1], 8, axis=0)
    for step in SIX:
        augment = Augment([step], rng=generator())
        images = np.concatenate([augment(X), augment(X)])
        assert len(np.unique(images, axis=0)) == 16


def test_same_seed_same_images():
    X = mini_mnist().train.X[:8]
    first, again = (Augment(SIX, rng=generator(1))(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_input_is_left_alone_and_both_layouts_agree():
    X = mini_mnist().train.X[:8]
    before = X.copy()
    flat = Augment(SIX, rng=generator())(X)
    square = Augment(SIX, rng=generator())(X.reshape(8, 28, 28))
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(flat.reshape(8, 28, 28), square)
    assert flat.min() >= 0
    assert flat.max() <= 1


@pytest.mark.parametrize(
    ("step", "factor", "tolerance"),
    [(translation(1), 1, 0.002), (rotation(20), 1, 0.02), (shear(0.2), 1, 0.02)],
)
def test_ink_is_kept(step, factor, tolerance):
    X = mini_mnist().train.X[:500]
    ink = Augment([step], rng=generator())(X).sum(axis=1) / X.sum(axis=1)
    assert np.median(np.abs(ink - factor)) < tolerance


def test_ink_grows_with_the_area():
    X = mini_mnist().train.X[:500].astype(np.float64)
    for s_x, s_y in (0.8, 0.8), (1.1, 1.1), (1.2, 0.9):
        ink = resample(X, affine(1 / s_x, 0, 0, 0, 1 / s_y, 0)).sum(axis=1) / X.sum(axis=1)
        assert np.median(ink) == pytest.approx(s_x * s_y, rel=0.01)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            TypeError,
            "float32 or float64, got uint8",
            lambda: resample(np.zeros((2, 4), "u1"), affine()),
        ),
        (ValueError, r"expected shape \(N, H, W\)", lambda: resample(np.zeros((2, 5)), affine())),
        (ValueError, r"expected shape \(N, H, W\)", lambda: resample(np.zeros(4), affine())),
        (
            ValueError,
            r"expected shape \(2, 3, 3\) or",
            lambda: resample(np.zeros((2, 4)), np.eye(2)),
        ),
        (ValueError, r"limit must be in \[0, 1\), got 1", lambda: scale(1)),
        (ValueError, r"limit must be in \[0, 1\), got -0.1", lambda: stretch(-0.1)),
        (ValueError, "degrees must be at least 0", lambda: rotation(-5)),
        (ValueError, "pixels must be at least 0", lambda: translation(-1)),
        (ValueError, "limit must be at least 0", lambda: shear(-1)),
        (ValueError, "pixels must be at least 0", lambda: crop(-1)),
        (
            ValueError,
            r"pixels must be in \[0, 2\), got 2",
            lambda: Augment([crop(2)], rng=generator())(np.zeros((2, 4))),
        ),
    ],
)
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
