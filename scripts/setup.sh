#!/bin/sh
# Sees to what otfusion needs and says what it does. Without root, or without
# apt, nothing is installed: what is missing is named instead.
#
#   go          1.26 or newer   required, never installed by this script
#   gcc         any             for the oneDNN engine
#   libdnnl-dev 2.x or 3.x      for the oneDNN engine
#
# Without the last two, everything works on the portable engine, only slower.
set -eu

command -v go >/dev/null || { echo "setup: Go 1.26 or newer is required, see https://go.dev/dl" >&2; exit 1; }

have_onednn() { scripts/onednn.sh; }

if have_onednn; then
	echo "setup: oneDNN is here" >&2
	exit 0
fi

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
	echo "setup: installing gcc, libc6-dev and libdnnl-dev (oneDNN) with apt-get" >&2
	{ $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends gcc libc6-dev libdnnl-dev; } >/dev/null 2>&1 || true
fi

if have_onednn; then
	echo "setup: oneDNN is here" >&2
else
	echo "setup: no oneDNN (Debian: apt-get install gcc libdnnl-dev); building the portable engine, which is slower" >&2
fi
