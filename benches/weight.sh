#!/bin/sh
# P9: cold release builds, each in a directory of its own. Prints seconds; the goal is 2.2 times the build of a crate
# with the same dependencies that does nothing.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
for package in scim-core scim-http; do
    start=$(date +%s.%N)
    CARGO_TARGET_DIR="$scratch/$package" cargo build --quiet --release -p $package
    end=$(date +%s.%N)
    echo "P9   $package, cold release build: $(echo "$end - $start" | bc) s"
done
