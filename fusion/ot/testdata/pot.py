#!/usr/bin/env python3
"""Side by side of this package's benchmarks: POT, scipy and numpy on the same sizes and kinds of problems.

    pip install pot scipy        (or: apt-get install python3-pot python3-scipy)
    python3 pot.py
"""
import statistics
import time

import numpy as np
import ot
from scipy.optimize import linear_sum_assignment


def report(name, f, runs=7):
    f()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        f()
        seconds.append(time.perf_counter() - start)
    print(f"{name:45s} {1000 * statistics.median(seconds):9.3f} ms", flush=True)


rng = np.random.default_rng(1)


def distances(x, y):
    return np.sqrt(np.maximum((x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T, 0))


def clouds(n, m):
    return distances(rng.normal(size=(n, 64)), rng.normal(size=(m, 64)))


def masses(n):
    a = rng.random(n)
    return a / a.sum()


for n in (64, 256, 512, 1024, 2048):
    c, a = clouds(n, n), np.full(n, 1 / n)
    report(f"linear_sum_assignment {n}", lambda: linear_sum_assignment(c))
    report(f"ot.emd {n}", lambda: ot.emd(a, a, c, numItermax=10**7))
c = clouds(512, 1024)
report("ot.emd 512x1024", lambda: ot.emd(np.full(512, 1 / 512), np.full(1024, 1 / 1024), c, numItermax=10**7))
for m in (512, 1024):
    c, a, b = clouds(512, m), masses(512), masses(m)
    report(f"ot.emd 512x{m} random masses", lambda: ot.emd(a, b, c, numItermax=10**7))
c, a = clouds(512, 512), np.full(512, 1 / 512)
report("ot.sinkhorn 512, 1000 iterations", lambda: ot.sinkhorn(a, a, c, 0.5, numItermax=1000, stopThr=0, warn=False))
report("ot.sinkhorn log 512, 1000 iterations",
       lambda: ot.sinkhorn(a, a, c, 0.5, method="sinkhorn_log", numItermax=1000, stopThr=0, warn=False), runs=1)
x, y = rng.normal(size=(512, 4608)), rng.normal(size=(512, 4608))
report("Euclidean distances 512, 4608 coordinates", lambda: distances(x, y))
