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
    test)
        need redis-server redis-server
        need dot graphviz
        need node nodejs
        need npm npm
        need sipp sip-tester
        need ssh-keygen openssh-client
        postgresql=missing
        for initdb in /usr/lib/postgresql/*/bin/initdb; do
            [ ! -x "$initdb" ] || postgresql=
        done
        [ -z "$postgresql" ] || missing="$missing postgresql"
        ;;
    *) echo "usage: packages.sh run|test" >&2; exit 2 ;;
esac
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
    printf 'These packages of Debian are missing, and this is no Debian:%s\n' "$missing" >&2
    exit 1
}
update='apt-get update'
install="apt-get install --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    printf 'Debian packages are missing. Install them, then try again:\n\n' >&2
    if command -v sudo >/dev/null; then
        printf '    sudo %s && sudo %s\n\n' "$update" "$install" >&2
    else
        printf "    su -c '%s && %s'\n\n" "$update" "$install" >&2
    fi
    exit 1
fi
printf 'installing Debian packages:%s\n' "$missing" >&2
export DEBIAN_FRONTEND=noninteractive
said=$(mktemp)
trap 'rm -f "$said"' EXIT
# Somebody else's apt (a new machine updates itself) is waited for. A source that cannot be read is no reason to stop:
# the packages may come from another one.
# shellcheck disable=SC2086 # lists of words
{
    $as_root $update -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 >"$said" 2>&1 || :
    $as_root $install -qq --yes -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 </dev/null >>"$said" 2>&1
} || {
    grep -m 5 '^E: ' "$said" >&2 || tail -n 20 "$said" >&2
    printf '\nDebian packages could not be installed. Is the network there? To see all of it:\n\n    %s && %s\n\n' \
        "${as_root:+sudo }$update" "${as_root:+sudo }$install" >&2
    exit 1
}
# The tests start servers of their own; those that the packages start would stay and run for nobody.
for server in redis-server postgresql; do
    case $missing in
        *"$server"*) $as_root systemctl disable --now "$server" >/dev/null 2>&1 || : ;;
    esac
done
