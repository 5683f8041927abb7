#!/bin/sh
# Has Fastly's own CLI, from npm, start hostsim in Viceroy's place, and asks it
# for a page. Without npm or its registry it says that it did not run.
set -eu
cd "$(dirname "$0")/../.."
cli=@fastly/cli@16.1.0
tmp=$(mktemp -d)

# finish ends what was started: npm's script starts the CLI, which starts
# hostsim, and none of them ends the next.
finish() {
	for child in $(pgrep -P "$1"); do finish "$child"; done
	kill "$1" 2>/dev/null || true
}
pid=
trap '[ -z "$pid" ] || finish "$pid"; rm -rf "$tmp"' EXIT

if ! command -v npm >/dev/null || ! npm install --silent --no-fund --no-audit --prefix "$tmp/cli" "$cli" >/dev/null 2>&1; then
	echo "npm or its registry cannot be reached: fastly compute serve did NOT RUN on hostsim"
	exit 0
fi
go build -o "$tmp/hostsim" ./hostsim/cmd/hostsim
mkdir -p "$tmp/project/bin"
GOOS=wasip1 GOARCH=wasm go build -o "$tmp/project/bin/main.wasm" ./hostsim/cmd/hostsim/testdata/guest
printf 'manifest_version = 3\nname = "trial"\nlanguage = "other"\n[local_server.backends.o]\nurl = "http://o.example"\n[local_server.mocks.o]\nstatus = 404\n' >"$tmp/project/fastly.toml"
port=$(go run ./hostsim/conformance/port)
cd "$tmp/project"
HOME=$tmp "$tmp/cli/node_modules/.bin/fastly" compute serve --skip-build --non-interactive --addr "127.0.0.1:$port" \
	--viceroy-path "$tmp/hostsim" >"$tmp/log" 2>&1 &
pid=$!
tries=0
until body=$(curl -sf "http://127.0.0.1:$port/"); do
	tries=$((tries + 1))
	if [ $tries -gt 60 ] || ! kill -0 $pid 2>/dev/null; then
		cat "$tmp/log"
		echo "FAIL: fastly compute serve did not come up on hostsim"
		exit 1
	fi
	sleep 1
done
case $body in
version*) echo "ok   fastly compute serve --viceroy-path hostsim" ;;
*) echo "FAIL: $body"; exit 1 ;;
esac
