#!/usr/bin/env bash
# Benchmarks on a GPU machine without network that has Python 3.12 with torch, torchvision, timm, scipy and matplotlib:
#   tests/benchmarks/offline.sh pack FOLDER            here: wheels of the pinned versions, in pieces of at most 40 MB
#   tests/benchmarks/offline.sh run FOLDER [ARGUMENT]  there, in the root of the repository: installs them, then
#                                                      `python -m tests.benchmarks ARGUMENT...`
# FOLDER/small (14 MB) suffices for bar lengths and SmoothGrad; what draws mock galaxies needs FOLDER/mocks (55 MB), too, the
# pipeline and memory also FOLDER/ray (115 MB).
set -euo pipefail
small="captum astropy astropy-iers-data pyerfa tyro docstring-parser typeguard"
mocks="galsim lsstdesc-coord"
ray="ray click duckdb s3fs aiobotocore botocore aioitertools jmespath wrapt astropy-healpix"
pack() {
  local platforms="" n
  for n in 39 35 34 31 28 27 24 17; do platforms="$platforms --platform manylinux_2_${n}_x86_64"; done
  for part in small mocks ray; do
    mkdir -p "$1/$part"
    for name in ${!part}; do
      # shellcheck disable=SC2086
      python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        $platforms --platform manylinux2014_x86_64 --platform manylinux1_x86_64 -d "$1/$part" "$(grep "^$name==" requirements.txt)"
    done
    find "$1/$part" -name '*.whl' -size +40M | while read -r wheel; do
      split --bytes=40M --numeric-suffixes "$wheel" "$wheel.piece" && rm "$wheel"
    done
  done
  du -sh "$1"/*
}
run() {
  local folder=$1 site
  shift
  site=$(mktemp -d)
  find "$folder" -name '*.piece00' | while read -r first; do
    cat "${first%00}"* > "$site/$(basename "${first%.piece00}")"
  done
  find "$folder" "$site" -name '*.whl' -exec python3 -m pip install --quiet --no-index --no-deps --target "$site/packages" {} +
  PYTHONPATH="$site/packages${PYTHONPATH:+:$PYTHONPATH}" python3 -m tests.benchmarks "$@"
}
"$@"
