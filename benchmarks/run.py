"""Measure a training step against other libraries, what an import costs, and Adam's memory.

    python benchmarks/run.py            # 15 rounds; writes results.json and results.md beside it
    python benchmarks/run.py --quick    # 2 rounds; prints the tables and writes nothing

Every round starts one process for each contender. They stay alive side by side and take turns in
random order, one at a time, so that whatever else the machine does meets all of them alike. Ratios
are taken within a round.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import random
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
from contenders import CONTENDERS
from table import markdown
from tqdm import tqdm

HERE = Path(__file__).parent
NETWORKS = ([784, 256, 128, 10], [64, 32, 10])
BATCH_SIZES = (32, 64, 256)
IMPORTS = (
    "import mlcourse",
    "from mlcourse import data, losses, network, optim, training",
    "import numpy",
    "import torch",
    "import sklearn.neural_network",
)


def time_steps(rounds: int, steps: int) -> list[dict]:
    """Return, for each network and batch size, the microseconds of a step in every round."""
    cases = [
        {"sizes": sizes, "batch_size": n, "microseconds": {name: [] for name in CONTENDERS}}
        for sizes in NETWORKS
        for n in BATCH_SIZES
    ]
    with tqdm(total=rounds * len(cases) * len(CONTENDERS), desc="training step") as bar:
        for _ in range(rounds):
            with ExitStack() as stack:
                workers = {name: stack.enter_context(worker(name)) for name in CONTENDERS}
                for process in workers.values():  # all have imported before any is timed
                    ask(process, [NETWORKS[-1], BATCH_SIZES[0], 1])
                for case in random.sample(cases, len(cases)):
                    question = [case["sizes"], case["batch_size"], steps]
                    losses = {}
                    for name in random.sample(list(workers), len(workers)):
                        losses[name], seconds = ask(workers[name], question)
                        case["microseconds"][name].append(round(seconds * 1e6, 1))
                        bar.update()
                    check_same_work(losses)
    return cases


@contextmanager
def worker(contender: str) -> Iterator[subprocess.Popen[str]]:
    """Run contenders.py for one contender; in a session of its own, Ctrl-C does not reach it."""
    with subprocess.Popen(
        [sys.executable, HERE / "contenders.py", contender],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[str], question: list) -> list:
    print(json.dumps(question), file=process.stdin, flush=True)
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError(f"{process.args[-1]} ended while it was measured: see its message above")
    return json.loads(answer)


def check_same_work(losses: dict[str, float]) -> None:
    """Refuse the measurement if a contender has learnt something else than PyTorch."""
    for name, E in losses.items():
        if not math.isclose(E, losses["PyTorch eager"], rel_tol=1e-3):
            raise RuntimeError(f"{name} does not do the same work: losses after warm-up {losses}")


def time_imports(repeats: int) -> dict[str, list[float]]:
    """Return the milliseconds of each import, every time in a new process."""
    milliseconds = {statement: [] for statement in IMPORTS}
    for _ in tqdm(range(repeats), desc="import"):
        for statement in random.sample(IMPORTS, len(IMPORTS)):
            code = (
                f"import time; start = time.perf_counter(); {statement}; "
                "print(time.perf_counter() - start)"
            )
            seconds = subprocess.check_output([sys.executable, "-c", code], start_new_session=True)
            milliseconds[statement].append(round(float(seconds) * 1e3, 2))
    return milliseconds


def adam_memory() -> dict[str, int]:
    """Return the bytes that one step of Adam allocates at its peak, and those of the parameters."""
    import naive

    from mlcourse.network import mlp
    from mlcourse.optim import Adam

    net = mlp(NETWORKS[0], rng=np.random.default_rng(0))
    layers = naive.new_layers([layer.W for layer in net.layers[::2]])
    for layer in layers:
        layer["dW"], layer["db"] = np.ones_like(layer["W"]), np.ones_like(layer["b"])
    return {
        "parameters": net.theta.nbytes,
        "mlcourse": peak(Adam(net).step),
        "naive NumPy": peak(lambda: naive.adam(layers, t=1)),
    }


def peak(step) -> int:
    tracemalloc.start()
    step()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def machine() -> dict[str, str | int]:
    import torch  # slow, and needed nowhere else in this process

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    torch_blas = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": f"{np.__version__} ({blas['name']} {blas['version']})",
        "torch": f"{torch.__version__} ({torch_blas[1] if torch_blas else 'unknown BLAS'})",
        "scikit-learn": version("scikit-learn"),
        "mlcourse": version("mlcourse"),
    }


def cpu_model() -> str:
    if sys.platform == "darwin":
        brand = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.check_output(brand, text=True).strip()
    info = Path("/proc/cpuinfo")
    found = info.exists() and re.search(r"model name\s*: (.*)", info.read_text())
    return found[1] if found else platform.processor()


def write(path: Path, text: str) -> None:
    """Replace the file as a whole, so that an interrupted run leaves the old one."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 rounds; print, write nothing")
    quick = parser.parse_args().quick
    for library in ("OMP", "OPENBLAS", "MKL", "VECLIB"):  # for the processes that start from here
        os.environ[f"{library}_NUM_THREADS"] = "1"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 1:
        print(f"The machine is busy (load {load:.1f}): ratios hold up, milliseconds do not.")
    results = {
        "date": datetime.date.today().isoformat(),
        "load": round(load, 2),
        "machine": machine(),
        "cases": time_steps(rounds=2, steps=50) if quick else time_steps(rounds=15, steps=200),
        "import_milliseconds": time_imports(2 if quick else 10),
        "adam_bytes": adam_memory(),
    }
    if quick:
        print(markdown(results))
    else:
        text = re.sub(r"\n\s*(?=\d|\])", "", json.dumps(results, indent=1))  # a list is one line
        write(HERE / "results.json", text + "\n")
        write(HERE / "results.md", markdown(results))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: nothing was written.")
