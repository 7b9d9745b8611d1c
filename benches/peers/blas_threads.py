"""Prints with how many threads OpenBLAS is fastest at what scikit-learn's Newton solver asks of it.

The product of a tall matrix with itself is split over its few columns, with a barrier for every slice of rows: two
threads can be slower than one, on a busy machine by far.
"""

import os
import time

import numpy as np
from threadpoolctl import threadpool_limits


def seconds(threads: int) -> float:
    with threadpool_limits(threads, user_api="blas"):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            X.T @ (W * X)
            times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


X = np.random.default_rng(1).standard_normal((200_000, 70), dtype=np.float32)
W = np.ones((len(X), 1), dtype=np.float32)
print(min((1, os.cpu_count()), key=seconds))
