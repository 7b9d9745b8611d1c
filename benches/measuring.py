"""Running a program and measuring it, for the benchmarks and the peers."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def program(path):
    """What runs and measures `churn` in a folder: words of a command line, and settings such as `list__capacity=10`."""
    path = Path(path).resolve()

    def churn(folder, *words, **settings):
        sets = [part for key, value in settings.items() for part in ("--set", f"{key.replace('__', '.')}={value}")]
        return measured([path, *words, *sets], folder)

    return churn


def in_folder(keep, work):
    """Does the work in a folder that is kept, or in a temporary one, and tells what the machine is like before."""
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as temporary:
        place = (keep or Path(temporary)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        work(place)


def measured(command, folder: Path) -> dict:
    """Runs a command: wall-clock and CPU seconds, peak resident memory as the kernel saw it, both outputs."""
    # What tells older builds of OpenBLAS to take the kernels of another processor slows new ones.
    set_for_old_ones = "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"
    environment = {key: value for key, value in os.environ.items() if key not in set_for_old_ones}
    # What the command before it wrote is not written at the expense of this one.
    os.sync()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], cwd=folder, env=environment, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        texts = out.read().decode(), err.read().decode()
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\nfailed with {process.returncode}:\n{texts[1]}")
        return {
            "seconds": seconds,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peak": usage.ru_maxrss * 1024,
            "out": texts[0],
            "err": texts[1],
        }
