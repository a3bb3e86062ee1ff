#!/bin/sh
# Makes the demo's and the own labelled set's recordings that are missing (see make_voices.py).
set -eu
cd "$(dirname "$0")/../.."
if [ ! -x build/voices-venv/bin/python ]; then
    uv venv -q --python 3.11 build/voices-venv
    uv pip install -q --python build/voices-venv/bin/python --require-hashes -r tools/voices/requirements.lock
fi
if [ ! -d build/voices/package ]; then
    mkdir -p build/voices
    (cd build/voices && npm pack --silent kokoro-js@1.2.1 && tar xzf kokoro-js-*.tgz)
fi
for texts in data/demo/voicemails.jsonl tests/model/data/labels.jsonl; do
    build/voices-venv/bin/python tools/voices/make_voices.py "$texts"
done
