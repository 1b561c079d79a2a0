"""The mathematics of training neural networks in NumPy, cross-checked against PyTorch."""

__version__ = "0.1.0"
