"""Networks go to PyTorch and back without losing a bit, and compute the same there."""

import numpy as np
import pytest
import torch
from torch import nn

from mlcourse.interop import from_torch, to_torch
from mlcourse.layers import BatchNorm1d, Dropout, Layer, Linear, ReLU, Sigmoid, Tanh
from mlcourse.losses import cross_entropy
from mlcourse.network import Sequential, mlp

EVERYTHING = {"activation": "tanh", "batch_norm": True, "dropout": 0.3}


def trained(rng, dtype=np.float64, **kwargs):
    """A network whose running statistics are not those it began with."""
    net = mlp([6, 5, 4, 3], rng=rng, dtype=dtype, **kwargs)
    for _ in range(3):
        net(rng.normal(size=(8, 6)).astype(dtype))
    return net


def module_of_everything():
    return nn.Sequential(
        nn.Linear(6, 5, bias=False),
        nn.BatchNorm1d(5, eps=1e-3, momentum=0.3),
        nn.Sequential(nn.Sigmoid(), nn.Dropout(0.3)),
        nn.Linear(5, 3),
        nn.ReLU(inplace=True),
        nn.Tanh(),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kwargs", [{}, {"activation": "sigmoid"}, EVERYTHING])
def test_there_and_back_again(kwargs, training, dtype, rng):
    net = trained(rng, dtype, **kwargs)
    net.train(training)
    module = to_torch(net)
    back = from_torch(module, rng=rng)
    assert repr(back) == repr(net)
    for a, b in zip([net, *net.layers], [back, *back.layers], strict=True):
        assert a.training == b.training
    for key, array in net.state_dict().items():
        assert module.state_dict()[key].numpy().dtype == dtype
        np.testing.assert_array_equal(module.state_dict()[key].numpy().T, array)
        np.testing.assert_array_equal(back.state_dict()[key], array)


def test_from_pytorch_and_back():
    module = module_of_everything()
    module(torch.randn(8, 6, generator=torch.Generator().manual_seed(0)))
    module[1].eval()  # frozen, while the rest goes on training
    back = to_torch(from_torch(module, rng=np.random.default_rng(0)))
    for a, b in zip(module.modules(), back.modules(), strict=True):
        assert (type(a), a.training) == (type(b), b.training)
    assert (back[1].eps, back[1].momentum, back[2][1].p) == (1e-3, 0.3, 0.3)
    for key, tensor in back.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert torch.equal(tensor, module.state_dict()[key])


@pytest.mark.parametrize("kwargs", [{}, {"activation": "sigmoid"}, EVERYTHING | {"dropout": 0}])
@pytest.mark.parametrize("training", [True, False])
def test_one_training_step_is_the_same_in_both(kwargs, training, rng):
    net = trained(rng, **kwargs)
    net.train(training)
    module = to_torch(net)
    X, y = rng.normal(size=(8, 6)), rng.integers(0, 3, size=8)
    leaf = torch.tensor(X, requires_grad=True)
    their_E = nn.functional.cross_entropy(module(leaf), torch.from_numpy(y))
    their_E.backward()
    E, dZ = cross_entropy(net(X), y)
    dX = net.backward(dZ, input_gradient=True)

    assert pytest.approx(their_E.item(), rel=1e-13) == E
    np.testing.assert_allclose(dX, leaf.grad, rtol=1e-9, atol=1e-15)
    theirs = np.concatenate([p.grad.numpy().T.ravel() for p in module.parameters()])
    np.testing.assert_allclose(net.grad, theirs, rtol=1e-9, atol=1e-15)
    for key, tensor in module.state_dict().items():  # running statistics included
        if not key.endswith("num_batches_tracked"):
            np.testing.assert_allclose(net.state_dict()[key], tensor.numpy().T, rtol=1e-12)


def test_the_two_share_no_memory(rng):
    net = trained(rng, **EVERYTHING)
    before = net.state_dict()
    module = to_torch(net)
    back = from_torch(module, rng=rng)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            tensor.zero_()
    for key, array in before.items():
        np.testing.assert_array_equal(net.state_dict()[key], array)
        np.testing.assert_array_equal(back.state_dict()[key], array)


def test_from_torch_leaves_the_generator_to_the_masks():
    rng, untouched = np.random.default_rng(0), np.random.default_rng(0)
    from_torch(module_of_everything(), rng=rng)
    assert rng.bit_generator.state == untouched.bit_generator.state


class Swish(Layer):
    pass


@pytest.mark.parametrize("layer", [Swish(), BatchNorm1d(3, unbiased=False)])
def test_layers_that_pytorch_lacks_are_refused(layer):
    with pytest.raises(TypeError, match="to_torch: PyTorch has no counterpart for"):
        to_torch(Sequential([layer]))


@pytest.mark.parametrize(
    "module",
    [
        nn.GELU(),
        nn.BatchNorm1d(3, affine=False),
        nn.BatchNorm1d(3, track_running_stats=False),
        nn.BatchNorm1d(3, momentum=None),
    ],
)
def test_modules_that_this_package_lacks_are_refused(module):
    with pytest.raises(TypeError, match="from_torch: "):
        from_torch(nn.Sequential(module), rng=np.random.default_rng(0))


def test_every_layer_has_its_counterpart(rng):
    layers = [Linear(2, 2, rng=rng), BatchNorm1d(2), Dropout(0.1, rng=rng), Sigmoid(), Tanh()]
    assert [type(child) for child in to_torch(Sequential([*layers, ReLU()]))] == [
        nn.Linear,
        nn.BatchNorm1d,
        nn.Dropout,
        nn.Sigmoid,
        nn.Tanh,
        nn.ReLU,
    ]
