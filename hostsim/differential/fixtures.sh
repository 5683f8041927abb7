#!/bin/sh
# Runs what Viceroy's crate ships of its tests: the configurations that it takes
# and refuses, and the ABI that it has. The crate is $VICEROY_CRATE, or the one in
# cargo's cache, or is fetched by cargo; without any of these nothing runs, and
# this says so. Its guests in Rust and the cases of Fastly's JavaScript runtime
# are in their repositories only: hostsim/behaviours.md has tests in their place.
set -eu
cd "$(dirname "$0")/../.."
version=0.22.0
cache=${CARGO_HOME:-$HOME/.cargo}/registry/src

find_crate() {
	for dir in "$cache"/*/viceroy-lib-"$version"; do
		if [ -f "$dir/src/config/unit_tests.rs" ]; then VICEROY_CRATE=$dir; fi
	done
}

if [ -z "${VICEROY_CRATE:-}" ]; then find_crate; fi
if [ -z "${VICEROY_CRATE:-}" ] && command -v cargo >/dev/null; then
	# asking for its features fetches the crate alone, without what it needs
	(cd / && cargo info --quiet --registry crates-io "viceroy-lib@$version" >/dev/null 2>&1) || true
	find_crate
fi
if [ -z "${VICEROY_CRATE:-}" ]; then
	echo "NOT RUN: the crate viceroy-lib $version is not here, and cargo or its registry cannot be reached"
	exit 0
fi
export VICEROY_CRATE
said=$("${GO:-go}" test -count=1 -v -run '^TestShipped' ./hostsim/differential 2>&1) || { printf '%s\n' "$said"; exit 1; }
for test in TestShippedConfigurations TestShippedABI; do
	case $said in
	*"--- PASS: $test "*) ;;
	*) printf '%s\n' "$said"; echo "$test did not run"; exit 1 ;;
	esac
done
echo "hostsim takes and refuses what Viceroy $version does: $(printf '%s\n' "$said" | grep -c '^    --- PASS: TestShippedConfigurations/') configurations, and all host calls of its ABI"
