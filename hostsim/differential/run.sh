#!/bin/sh
# Compares hostsim with Viceroy. Viceroy is $VICEROY, or the one on the PATH, or
# is installed with cargo into a cache; without any of these the comparison does
# not run, and this says so. The module of this repository is compared too, and
# one in JavaScript where npm can be reached.
set -eu
cd "$(dirname "$0")/../.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/hostsim-differential"
viceroy_version=0.22.0
js_version=3.46.0
mkdir -p "$cache"

find_viceroy() {
	if [ -n "${VICEROY:-}" ]; then return; fi
	VICEROY=$(command -v viceroy || true)
	if [ -z "$VICEROY" ] && [ -x "$cache/bin/viceroy" ]; then VICEROY=$cache/bin/viceroy; fi
	if [ -z "$VICEROY" ] && command -v cargo >/dev/null; then
		echo "Viceroy is not here: installing $viceroy_version with cargo, which takes ten minutes or more"
		if cargo install --quiet --locked --root "$cache" "viceroy@$viceroy_version"; then VICEROY=$cache/bin/viceroy; fi
	fi
}

# js_module builds the module in JavaScript, once.
js_module() {
	JS_MODULE=$cache/service-$js_version.wasm
	source=hostsim/differential/testdata/service.js
	if [ -f "$JS_MODULE" ] && [ "$JS_MODULE" -nt "$source" ]; then return; fi
	if command -v npm >/dev/null &&
		npm install --silent --no-fund --no-audit --prefix "$cache/js" "@fastly/js-compute@$js_version" >/dev/null 2>&1 &&
		"$cache/js/node_modules/.bin/js-compute-runtime" "$source" "$JS_MODULE"; then
		return
	fi
	echo "npm or its registry cannot be reached: the module in JavaScript is NOT COMPARED"
	JS_MODULE=
}

find_viceroy
if [ -z "$VICEROY" ]; then
	echo "NOT COMPARED: there is no Viceroy, and cargo or its registry cannot be reached"
	exit 0
fi
echo "comparing with $("$VICEROY" --version 2>/dev/null || echo "$VICEROY")"
js_module
${MAKE:-make} build
export VICEROY JS_MODULE CLICKEDGE_MODULE="$PWD/bin/main.wasm" CLICKEDGE_MODULE_HOST=link.example.com CLICKEDGE_MODULE_BACKENDS=customerio-eu
exec "${GO:-go}" test -count=1 -timeout=30m -v ./hostsim/differential
