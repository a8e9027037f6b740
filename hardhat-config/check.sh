#!/bin/sh
# Runs the contract's checks one after the other, says at the end what each came to, and fails if one did.
# Where a tool cannot be had its check is skipped aloud (exit code 3 of run.sh).
set -u
cd "$(dirname "$0")"

failed=0
summary=""
check() {
    name=$1
    shift
    echo "== $name"
    "$@"
    code=$?
    case $code in
        0) result=passed ;;
        3) result=SKIPPED ;;
        *) result=FAILED failed=1 ;;
    esac
    summary="$summary  $(printf '%-22s' "$name")$result
"
}

reproducible() {
    sh run.sh export --to cache/PieceLedger.json || return
    cmp cache/PieceLedger.json ../provenance/evm/artifacts/PieceLedger.json
}

check "style" sh run.sh style
check "storage layout" sh run.sh layout --check
check "slither" sh run.sh slither
check "coverage" sh run.sh coverage
check "mutation" sh run.sh mutate
check "reproducible build" reproducible
check "gas" sh run.sh gas
check "fuzz and invariants" sh run.sh deep
printf '\n%s' "$summary"
exit $failed
