#!/usr/bin/env bash
# Installs what tests/test_stores.py runs against into build/milvus: the real standalone server (Milvus 2.3.5, 80 MB,
# 250 MB once unpacked) and its double for what came later (Milvus Lite 2.5.1: BM25), in an environment of their own.
# The client, pymilvus, belongs to the tests' environment: pip install -e '.[milvus]'.
# Versions from 3 on of Milvus Lite are no double: a selective filter returns too few rows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=build/milvus
[[ -e $folder/.installed ]] && exit
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input milvus==2.3.5
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps milvus-lite==2.5.1
"$folder/bin/python" -c "import sys, milvus; milvus._initialize_data_files(sys.argv[1])" "$folder/server"
touch "$folder/.installed"
