#!/bin/sh
# Installs what the tests need beside Python packages.  What cannot be installed is said aloud; the tests that need it
# then skip and say so too.
set -u
cd "$(dirname "$0")/.." || exit 1

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v tmux >/dev/null 2>&1 || missing="$missing tmux"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
[ -n "$(find /usr/lib/postgresql -name initdb 2>/dev/null | head -1)" ] || missing="$missing postgresql"
[ -n "$(find /usr/share/fonts -name 'NotoSansCJK*' 2>/dev/null | head -1)" ] || missing="$missing fonts-noto-cjk"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing$missing ..."
        # shellcheck disable=SC2086
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; } \
            >/dev/null 2>&1 || echo "NOT INSTALLED:$missing. The tests that need them will be skipped."
    else
        echo "NOT INSTALLED:$missing. The tests that need them will be skipped. As root: apt-get install$missing"
    fi
fi

if command -v npm >/dev/null 2>&1; then
    sh hardhat-config/run.sh setup || echo "NOT INSTALLED: the contract toolchain. Its tests will be skipped."
    (cd tests/interop && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm install --no-audit --no-fund --loglevel=error; }) \
        || echo "NOT INSTALLED: the JavaScript verifiers. The tests that need them will be skipped."
else
    echo "NOT INSTALLED: npm. The contract, anvil and JavaScript tests will be skipped."
fi
exit 0
