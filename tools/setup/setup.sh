#!/usr/bin/env bash
# Makes everything that `huying up` needs: both environments, the pages, the speech model, the
# trained assistant. A second run does only what is missing.
#   setup.sh          what runs need
#   setup.sh --test   what the tests need on top of it
# This finds a Python; the rest is tools/setup/__main__.py, which needs nothing but that Python.
set -euo pipefail
cd "$(dirname "$0")/../.."
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
is_ours() { "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' 2>/dev/null; }

shopt -s nullglob
pyenv=${PYENV_ROOT:-$HOME/.pyenv}/versions
# A Python that was named must do; nothing else is taken silently in its place.
if [ -n "${HUYING_PYTHON:-}" ]; then
  is_ours "$HUYING_PYTHON" || die "HUYING_PYTHON=$HUYING_PYTHON does not run, or is not 3.11 to 3.13."
fi
for candidate in ${HUYING_PYTHON:+"$HUYING_PYTHON"} python3.13 python3.12 python3.11 python3 \
  "$pyenv"/3.12*/bin/python "$pyenv"/3.11*/bin/python "$pyenv"/3.13*/bin/python; do
  path=$(command -v "$candidate" 2>/dev/null) || continue
  is_ours "$path" || continue
  exec "$path" -m tools.setup "$@"
done
die "Python 3.11, 3.12 or 3.13 is needed; install one, or name it in HUYING_PYTHON."
