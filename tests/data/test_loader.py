import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcourse.data import DataLoader


def generator(seed=0):
    return np.random.default_rng(seed)


def numbered(N):
    """Samples that know their number, so that rows of X and y can be matched."""
    return np.arange(2 * N, dtype=np.float32).reshape(N, 2), np.arange(N)


@given(
    N=st.integers(1, 200),
    batch_size=st.integers(1, 250),
    shuffle=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_each_epoch_has_every_sample_once(N, batch_size, shuffle, seed):
    X, y = numbered(N)
    loader = DataLoader(X, y, batch_size, rng=generator(seed), shuffle=shuffle)
    for _ in range(2):
        batches = list(loader)
        assert len(batches) == len(loader) == -(-N // batch_size)
        assert all(len(batch_y) == batch_size for _, batch_y in batches[:-1])
        for batch_X, batch_y in batches:
            np.testing.assert_array_equal(batch_X, X[batch_y])
            assert batch_X.dtype == X.dtype
        seen = np.concatenate([batch_y for _, batch_y in batches])
        np.testing.assert_array_equal(np.sort(seen) if shuffle else seen, y)


def test_length_on_mnist():
    X, y = np.zeros((60_000, 1), np.float32), np.zeros(60_000, int)
    kept = DataLoader(X, y, 64, rng=generator())
    dropped = DataLoader(X, y, 64, rng=generator(), drop_last=True)
    assert (len(kept), len(dropped)) == (938, 937)
    assert [len(batch) for batch, _ in kept][-2:] == [64, 32]
    assert {len(batch) for batch, _ in dropped} == {64}
    assert len(DataLoader(X, y, rng=generator())) == 1875


def test_samples_are_shuffled_not_the_starts_of_batches():
    X, y = numbered(1000)
    loader = DataLoader(X, y, 10, rng=generator())
    first, second = ([set(batch_y.tolist()) for _, batch_y in loader] for _ in range(2))
    # Shuffled starts would keep ten neighbours together and make the same batches every epoch.
    assert max(len(a & b) for a in first for b in second) < 5
    assert np.mean([max(batch) - min(batch) for batch in first]) > 500


def test_an_epoch_is_a_uniform_permutation():
    X, y = numbered(3)
    loader = DataLoader(X, y, 3, rng=generator())
    orders = [tuple(batch_y) for _ in range(6000) for _, batch_y in loader]
    counts = np.array([orders.count(order) for order in set(orders)])
    assert len(counts) == 6
    assert ((counts - 1000) ** 2 / 1000).sum() < 20.5  # chi-squared, 5 degrees, p = 0.001


def test_drop_last_drops_other_samples_each_epoch():
    X, y = numbered(5)
    loader = DataLoader(X, y, 2, rng=generator(), drop_last=True)
    dropped = {(set(range(5)) - {int(i) for _, b in loader for i in b}).pop() for _ in range(50)}
    assert dropped == set(range(5))


def test_same_seed_same_batches():
    X, y = numbered(50)
    first, again = (
        [batch_y.tolist() for _, batch_y in DataLoader(X, y, 8, rng=generator(3))] for _ in range(2)
    )
    assert first == again


def test_without_shuffling_no_rng_is_needed_or_used():
    X, y = numbered(10)
    rng = generator()
    state = rng.bit_generator.state
    for loader in DataLoader(X, y, 4, shuffle=False), DataLoader(X, y, 4, rng=rng, shuffle=False):
        assert [batch_y.tolist() for _, batch_y in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert rng.bit_generator.state == state


def test_transform_is_applied_to_each_batch_of_X():
    X, y = numbered(10)
    sizes = []

    def negate(batch):
        sizes.append(len(batch))
        return -batch

    for batch_X, batch_y in DataLoader(X, y, 4, rng=generator(), transform=negate):
        np.testing.assert_array_equal(batch_X, -X[batch_y])
    assert sizes == [4, 4, 2]


def test_targets_of_any_shape():
    X, y = numbered(6)
    for _, T in DataLoader(X, np.stack([y, y], axis=1), 4, rng=generator()):
        assert T.shape[1:] == (2,)


@pytest.mark.parametrize(
    ("error", "message", "options"),
    [
        (ValueError, "as many samples in y as in X, 10, got 9", {"y": np.arange(9)}),
        (ValueError, "batch_size must be at least 1, got 0", {"batch_size": 0}),
        (ValueError, "expected at least one sample", {"X": np.zeros((0, 2)), "y": np.zeros(0)}),
        (
            ValueError,
            "at least batch_size = 32 samples with drop_last, got 10",
            {"drop_last": True},
        ),
        (TypeError, "DataLoader y: expected an array, got a list", {"y": list(range(10))}),
        (TypeError, "DataLoader rng: expected a numpy.random.Generator, got a int", {"rng": 0}),
        (TypeError, r"shuffle=True needs rng=np.random.default_rng\(seed\)", {"rng": None}),
    ],
)
def test_errors(error, message, options):
    X, y = numbered(10)
    with pytest.raises(error, match=message):
        DataLoader(**({"X": X, "y": y, "rng": generator()} | options))
