#!/bin/sh
# The whole benchmark. SIZE=small (10 million events, about two minutes) or full (100 million); also as an argument.
# Further arguments go to benches/run.py.
set -eu
exec "${PYTHON:-python3}" "$(dirname "$0")/run.py" "$@"
