#!/bin/sh
# Runs the tests of Fastly's Go SDK, from the module cache, on hostsim. Needs Go
# and nothing else; no network once the SDK is in the cache. Arguments are names
# of suites; without any, all of them run.
set -eu
cd "$(dirname "$0")/../.."
exec go run ./hostsim/conformance "$@"
