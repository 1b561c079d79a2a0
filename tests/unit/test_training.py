"""`fit` is the visible loop and its bookkeeping: it records, validates, stops, says what failed.

The data are three clouds of points, so that a run takes milliseconds;
tests/benchmarks/test_mnist_accuracy.py reads digits.
"""

import copy
import math
import re
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from mlcourse.data import DataLoader
from mlcourse.losses import cross_entropy, mse
from mlcourse.network import Ensemble, Sequential, mlp
from mlcourse.optim import SGD, Adam
from mlcourse.regularizers import L2
from mlcourse.training import EarlyStopping, History, accuracy, evaluate, fit, predict

N, D, C = 100, 4, 3


def clouds(seed=0, n=N, spread=1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, C, size=n)
    X = np.eye(C, D)[y] * 2 + spread * rng.normal(size=(n, D))
    return X.astype(np.float32), y


VAL = clouds(seed=1)


def start(seed=0, method=Adam, lr=0.01, batch_size=16, **kwargs):
    """Return everything that a run needs, fresh from a seed."""
    rng = np.random.default_rng(seed)
    net = mlp([D, 16, C], rng=rng, **kwargs)
    return net, method(net, lr=lr), DataLoader(*clouds(), batch_size=batch_size, rng=rng)


def run(seed=0, kwargs=None, **fit_kwargs):
    net, optimizer, loader = start(seed, **(kwargs or {}))
    fit_kwargs = {"epochs": 3, "progress": False} | fit_kwargs
    return net, optimizer, fit(net, cross_entropy, optimizer, loader, **fit_kwargs)


def everything(net):
    return np.concatenate([array.ravel() for array in net.state_dict().values()])


# The loop


def test_fit_is_the_visible_loop():
    net, optimizer, loader = start(dropout=0.2, batch_norm=True)
    losses = []
    for _ in range(3):
        for X, y in loader:
            E, dZ = cross_entropy(net(X), y)
            net.backward(dZ)
            optimizer.step()
            losses.append(E)
    fitted, _, history = run(kwargs={"dropout": 0.2, "batch_norm": True}, val=VAL)
    assert history.loss == losses
    # Validation, which only one of the two had, moves no running statistic and draws no mask.
    np.testing.assert_array_equal(everything(fitted), everything(net))


def test_one_seed_gives_one_run_and_another_seed_another():
    kwargs = {"dropout": 0.2, "batch_norm": True}
    (net, _, history), (again, _, history2) = (
        run(kwargs=kwargs, val=VAL),
        run(kwargs=kwargs, val=VAL),
    )
    np.testing.assert_array_equal(everything(net), everything(again))
    assert (history.loss, history.val_loss) == (history2.loss, history2.val_loss)
    assert run(seed=1, kwargs=kwargs)[2].loss != history.loss


def test_fit_learns():
    net, _, history = run(epochs=20, val=VAL)
    assert history.train_loss[-1] < 0.5 < 1 < history.train_loss[0]
    assert history.val_accuracy[-1] == accuracy(net, *VAL) > 0.8


def test_fit_learns_a_regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    T = X @ np.array([[2.0], [-1.0]]) + 0.5
    net = mlp([2, 1], rng=rng, dtype=np.float64)
    loader = DataLoader(X, T, batch_size=20, rng=rng)
    history = fit(net, mse, SGD(net, lr=0.1), loader, epochs=30, val=(X, T), progress=False)
    np.testing.assert_allclose(net.layers[0].W.ravel(), [2, -1], atol=1e-6)
    assert history.val_loss[-1] < 1e-12
    assert history.val_accuracy == []  # there are no labels


def test_the_history_is_complete():
    _, _, history = run(epochs=4, val=VAL)
    iterations = math.ceil(N / 16)
    assert len(history.loss) == 4 * iterations
    for values in (history.train_loss, history.val_loss, history.val_accuracy, history.seconds):
        assert len(values) == 4
    assert history.seconds == sorted(history.seconds)
    assert history.seconds[0] > 0
    sizes = [16] * (N // 16) + [N % 16]
    assert history.train_loss[0] == pytest.approx(np.average(history.loss[:7], weights=sizes))
    assert (history.best_epoch, history.interrupted) == (None, False)
    assert re.fullmatch(
        r"History\(4 epochs, 28 iterations, train_loss 0\.\d{4}, val_loss 0\.\d{4}, "
        r"val_accuracy 0\.\d{4}\)",
        repr(history),
    )
    assert repr(History(interrupted=True)) == "History(0 epochs, 0 iterations, interrupted)"


def test_on_epoch_may_change_the_rate():
    net, optimizer, loader = start(method=SGD, lr=0.5)
    seen = []

    def halve(epoch, history):
        seen.append((epoch, len(history.val_loss)))
        optimizer.lr *= 0.5

    fit(net, cross_entropy, optimizer, loader, epochs=3, val=VAL, on_epoch=halve, progress=False)
    assert seen == [(0, 1), (1, 2), (2, 3)]
    assert optimizer.lr == 0.0625

    again, optimizer, loader = start(method=SGD, lr=0.5)
    for lr in (0.5, 0.25, 0.125):
        optimizer.lr = lr
        fit(again, cross_entropy, optimizer, loader, epochs=1, progress=False)
    np.testing.assert_array_equal(net.theta, again.theta)


def test_any_sequence_of_batches_is_a_loader():
    X, y = clouds()
    net, optimizer, _ = start()
    history = fit(net, cross_entropy, optimizer, [(X, y)], epochs=2, progress=False)
    assert len(history.loss) == 2


def test_numbers_of_numpy_come_out_as_numbers_of_python():
    def my_loss(Z, y):
        E, dZ = cross_entropy(Z, y)
        return np.float32(E), dZ

    net, optimizer, loader = start()
    history = fit(net, my_loss, optimizer, loader, epochs=1, val=VAL, progress=False)
    assert {type(E) for E in history.loss + history.train_loss} == {float}


def test_the_penalty_enters_loss_and_gradient():
    """L2 through fit is the weight decay of plain SGD."""
    net, optimizer, loader = start(method=SGD, lr=0.1)
    first = (0.05 * float((net.theta**2).sum())) / 2
    history = fit(net, cross_entropy, optimizer, loader, epochs=3, penalty=L2(0.05), progress=False)
    decayed, _, loader = start(method=SGD, lr=0.1)
    optimizer = SGD(decayed, lr=0.1, weight_decay=0.05)
    plain = fit(decayed, cross_entropy, optimizer, loader, epochs=3, progress=False)
    np.testing.assert_allclose(net.theta, decayed.theta, rtol=1e-4, atol=1e-6)
    assert history.loss[0] - plain.loss[0] == pytest.approx(first, rel=1e-5)


def test_fit_starts_in_training_mode():
    net, optimizer, loader = start(dropout=0.5)
    net.eval()
    fit(net, cross_entropy, optimizer, loader, epochs=1, val=VAL, progress=False)
    assert all(layer.training for layer in [net, *net.layers])


# What can go wrong


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_reported_with_its_place(bad):
    net, optimizer, _ = start(lr=0.5)
    X, y = clouds(n=16)
    spoiled = X.copy()
    spoiled[3, 2] = bad
    kept = []

    class Loader:
        def __len__(self):
            return 5

        def __iter__(self):
            first = not kept
            for i in range(5):
                kept.append(net.theta.copy())
                yield (X, y) if first or i < 3 else (spoiled, y)

    with pytest.raises(FloatingPointError) as caught:
        fit(net, cross_entropy, optimizer, Loader(), epochs=9, progress=False)
    assert str(caught.value) == (
        "loss is nan at epoch 1, iteration 3 (lr=0.5); lower lr or check the data"
    )
    assert len(caught.value.history.loss) == 5 + 3
    np.testing.assert_array_equal(net.theta, kept[-1])  # no step was taken on it
    assert caught.value.__context__ is None  # nothing misleading above it


def test_a_rate_that_is_too_high_is_reported_without_a_warning():
    with pytest.raises(FloatingPointError, match=r"loss is (nan|inf) at epoch \d+, iteration"):
        run(kwargs={"method": SGD, "lr": 1e20}, epochs=20)


def test_a_validation_loss_that_is_no_number_is_reported():
    X, y = VAL
    spoiled = np.where(X[3, 2] == X, np.float32(np.nan), X)
    with pytest.raises(FloatingPointError) as caught:
        run(val=(spoiled, y), early_stopping=EarlyStopping())
    assert str(caught.value) == (
        "validation loss is nan at epoch 0 (lr=0.01); lower lr or check the data"
    )


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"early_stopping": EarlyStopping()}, "early_stopping needs validation data"),
    ],
)
def test_arguments_are_checked(kwargs, message):
    with pytest.raises(ValueError, match=message):
        run(**kwargs)


def test_a_loader_without_batches_is_refused():
    net, optimizer, _ = start()
    with pytest.raises(ValueError, match=r"len\(loader\) must be at least 1, got 0"):
        fit(net, cross_entropy, optimizer, [], epochs=1)


def test_the_optimizer_must_be_this_networks():
    """A cell that is run again makes a new net: the old optimizer would train the old one."""
    net, _, loader = start()
    _, optimizer, _ = start()
    with pytest.raises(ValueError, match="optimizer: expected one built on this network"):
        fit(net, cross_entropy, optimizer, loader, epochs=1)
    optimizer = SGD(net, lr=0.1)
    outer = Sequential([net])  # a part of it will do
    fit(outer, cross_entropy, optimizer, loader, epochs=1, progress=False)


def test_a_last_batch_of_one_sample_needs_drop_last_with_batch_norm():
    X, y = clouds(n=33)
    for drop_last in (False, True):
        net, optimizer, _ = start(batch_norm=True)
        rng = np.random.default_rng(0)
        loader = DataLoader(X, y, batch_size=16, rng=rng, drop_last=drop_last)
        if drop_last:
            fit(net, cross_entropy, optimizer, loader, epochs=1, progress=False)
        else:
            with pytest.raises(ValueError, match="at least 2 samples in training, got 1; use drop"):
                fit(net, cross_entropy, optimizer, loader, epochs=1, progress=False)


INTERRUPTED = """
    import signal
    import numpy as np
    from mlcourse.data import DataLoader
    from mlcourse.losses import cross_entropy
    from mlcourse.network import mlp
    from mlcourse.optim import Adam
    from mlcourse.training import EarlyStopping, evaluate, fit

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job of a shell ignores it
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(500, 4)).astype(np.float32), rng.integers(0, 3, size=500)
    net = mlp([4, 16, 3], rng=rng)
    history = fit(
        net, cross_entropy, Adam(net), DataLoader(X, y, rng=rng), epochs=10**9, val=(X, y),
        early_stopping=EarlyStopping(patience=10**9),
        on_epoch=lambda epoch, history: epoch == 3 and print("training", flush=True),
    )
    assert history.interrupted
    assert evaluate(net, cross_entropy, X, y)[0] == history.val_loss[history.best_epoch]
    print(history)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_training_and_returns_the_history_and_the_best_net():
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        try:
            printed, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, said
    assert re.fullmatch(r"History\(\d+ epochs, \d+ iterations, .*, interrupted\)\n", printed)


# Early stopping


def overfit(patience, epochs, **kwargs):
    """Train a large net on few noisy samples; return it with the states after every epoch."""
    rng = np.random.default_rng(0)
    net = mlp([D, 64, C], rng=rng, batch_norm=True)
    optimizer = Adam(net, lr=0.03)
    loader = DataLoader(*clouds(n=30, spread=2), batch_size=10, rng=rng)
    states = []
    history = fit(
        net,
        cross_entropy,
        optimizer,
        loader,
        epochs=epochs,
        val=clouds(seed=1, spread=2),
        early_stopping=EarlyStopping(patience, **kwargs),
        on_epoch=lambda epoch, history: states.append((net.state_dict(), optimizer.state_dict())),
        progress=False,
    )
    return net, optimizer, history, states


@pytest.mark.parametrize("epochs", [100, 12])  # stopped by patience, and by the end
def test_early_stopping_goes_back_to_the_best_epoch(epochs):
    net, optimizer, history, states = overfit(patience=10, epochs=epochs)
    best = history.val_loss.index(min(history.val_loss))
    assert history.best_epoch == best < len(history.val_loss) - 1
    assert len(history.val_loss) == min(best + 10 + 1, epochs)
    for now, then in (
        (net.state_dict(), states[best][0]),
        (optimizer.state_dict(), states[best][1]),
    ):
        assert now.keys() == then.keys()
        for key, value in now.items():
            np.testing.assert_array_equal(value, then[key])
    assert evaluate(net, cross_entropy, *clouds(seed=1, spread=2))[0] == min(history.val_loss)


def test_small_improvements_do_not_count_with_min_delta():
    net, optimizer, _ = start()
    stopping = EarlyStopping(patience=2, min_delta=0.1)
    assert [stopping.update(E, net, optimizer) for E in (1, 0.95, 0.8, 0.75, 0.71)] == [
        False,
        False,
        False,
        False,
        True,
    ]
    assert (stopping.best_epoch, stopping.best_loss) == (2, 0.8)


def test_one_early_stopping_serves_many_runs():
    """What it kept of one network must not end up in the next."""
    stopping = EarlyStopping(patience=3)
    for seed in range(2):
        net, optimizer, loader = start(seed, lr=0.01)
        alone, alone_optimizer, alone_loader = start(seed, lr=0.01)
        kwargs = {"epochs": 5, "val": VAL, "progress": False}
        history = fit(net, cross_entropy, optimizer, loader, early_stopping=stopping, **kwargs)
        expected = fit(
            alone,
            cross_entropy,
            alone_optimizer,
            alone_loader,
            early_stopping=EarlyStopping(patience=3),
            **kwargs,
        )
        assert (history.val_loss, history.best_epoch) == (expected.val_loss, expected.best_epoch)
        np.testing.assert_array_equal(net.theta, alone.theta)


def test_nothing_is_restored_before_the_first_epoch():
    net, optimizer, _ = start()
    before = net.theta.copy()
    EarlyStopping().restore(net, optimizer)
    np.testing.assert_array_equal(net.theta, before)


@pytest.mark.parametrize("kwargs", [{"patience": 0}, {"min_delta": -1}])
def test_early_stopping_checks_its_parameters(kwargs):
    with pytest.raises(ValueError, match=f"{next(iter(kwargs))} must be at least"):
        EarlyStopping(**kwargs)


# Predictions


def test_predict_does_not_depend_on_the_batches_and_keeps_the_mode():
    net, _, _ = run(kwargs={"batch_norm": True, "dropout": 0.5})
    X, _ = VAL
    whole = predict(net, X)
    assert net.training
    for batch_size in (1, 7, N, 10 * N):
        np.testing.assert_allclose(predict(net, X, batch_size), whole, rtol=1e-5, atol=1e-6)
    net.eval()
    np.testing.assert_array_equal(net(X), whole)
    np.testing.assert_allclose(predict(Ensemble([net, net]), X, 7), np.log(softmax(whole)), 1e-4)


def softmax(Z):
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)


def test_accuracy_counts_the_largest_logit():
    net = mlp([C, C], rng=np.random.default_rng(0))
    net.layers[0].W = np.eye(C, dtype=np.float32)
    X = np.eye(C, dtype=np.float32)[[0, 1, 2, 2]]
    assert accuracy(net, X, np.array([0, 1, 2, 0])) == 0.75
    assert accuracy(Ensemble([net, copy.deepcopy(net)]), X, np.array([0, 1, 2, 2])) == 1.0
    E, share = evaluate(net, cross_entropy, X, np.array([0, 1, 2, 0], np.uint8))
    assert share == 0.75
    assert cross_entropy(X, np.array([0, 1, 2, 0]))[0] == pytest.approx(E)
    E, share = evaluate(net, cross_entropy, X, X)
    assert math.isnan(share)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros((4, 1), int), ValueError, r"labels y: expected shape \(4,\), got \(4, 1\)"),
        (np.zeros(4), TypeError, "labels y: expected an array of integers, got float64"),
        (np.full(4, 3), ValueError, r"labels y: expected 0\.\.2, got 3\.\.3"),
    ],
)
def test_accuracy_checks_the_labels(y, error, message):
    net, _, _ = start()
    with pytest.raises(error, match=message):
        accuracy(net, np.zeros((4, D), np.float32), y)


@pytest.mark.parametrize(
    ("X", "batch_size", "message"),
    [
        (np.zeros((0, D), np.float32), 10, "predict X: expected at least one sample"),
        (np.zeros((3, D), np.float32), 0, "batch_size must be at least 1, got 0"),
    ],
)
def test_predict_checks_its_arguments(X, batch_size, message):
    with pytest.raises(ValueError, match=message):
        predict(start()[0], X, batch_size)


# The progress bar


def test_the_bar_shows_progress_and_changes_nothing(capsys, monkeypatch):
    monkeypatch.delenv("MLCOURSE_STATIC", raising=False)
    quiet, _, _ = run()
    assert capsys.readouterr().err == ""
    net, _, _ = run(progress=True)
    said = capsys.readouterr()
    assert "21/21" in said.err
    assert said.out == ""
    np.testing.assert_array_equal(net.theta, quiet.theta)


def test_the_bar_shows_the_loss_in_a_long_run(capsys, monkeypatch):
    monkeypatch.delenv("MLCOURSE_STATIC", raising=False)
    run(progress=True, epochs=300)
    assert re.search(r"loss=\d\.\d{4}", capsys.readouterr().err)


@pytest.mark.parametrize("reason", ["a static page", "no tqdm"])
def test_there_is_no_bar_on_a_static_page_or_without_tqdm(reason, capsys, monkeypatch):
    monkeypatch.delenv("MLCOURSE_STATIC", raising=False)
    if reason == "no tqdm":
        monkeypatch.setitem(sys.modules, "tqdm", None)
    else:
        monkeypatch.setenv("MLCOURSE_STATIC", "1")
    run(progress=True)
    assert capsys.readouterr().err == ""
