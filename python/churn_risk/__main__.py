"""`python -m churn_risk ARGUMENTS` is `churn ARGUMENTS`."""

import os
import sys

from churn_risk._program import find_churn_bin


def main() -> None:
    """Becomes the program, so that its exit code is this process's, and so are the signals that it gets."""
    program = find_churn_bin()
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
