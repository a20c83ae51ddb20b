#!/bin/sh
# Installs the Debian packages that a task needs and that are missing.
#
#   asterisk-conf/packages.sh run|test
#
# As root or with a sudo that asks nothing; otherwise prints the exact command and fails.
set -eu

missing=
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || missing="$missing $2"
}

need python3 python3
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
need espeak-ng espeak-ng
need sox sox
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
case ${1:-run} in
    run) ;;
    test) need redis-server redis-server ;;
    *) echo "usage: packages.sh run|test" >&2; exit 2 ;;
esac
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    printf 'Debian packages are missing. Install them, then try again:\n\n' >&2
    printf '    sudo apt-get update && sudo apt-get install --no-install-recommends%s\n\n' "$missing" >&2
    exit 1
fi
printf 'installing Debian packages:%s\n' "$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# A package that starts a service must not: the tests start their own redis-server.
# shellcheck disable=SC2086 # lists of words
{
    $as_root apt-get -qq update
    $as_root apt-get -qq install --yes --no-install-recommends $missing >/dev/null
}
