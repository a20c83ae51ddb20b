#!/bin/sh
# Unpacks the servers that only tests talk to into TARGET, as an ordinary user: an SSH server, and OpenStack Swift with
# its S3 interface.
#
#   asterisk-conf/servers.sh TARGET
#
# Debian's package is downloaded by apt with its signature checked, unpacked and never installed: no SSH server begins
# to listen on this machine. Swift goes into a Python environment of its own, as servers.lock says. TARGET appears at
# once and complete, or not at all.
set -eu

target=${1:?usage: servers.sh TARGET}
# apt takes a relative path for one below /etc/apt.
case $target in /*) ;; *) target=$(pwd)/$target ;; esac
here=$(cd "$(dirname "$0")" && pwd)

die() { printf 'servers: %s\n' "$*" >&2; exit 1; }

if [ -e "$target/.provisioned" ]; then exit 0; fi
[ ! -e "$target" ] || die "$target exists but is not complete; move it away and try again"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$(dirname "$target")/.servers.XXXXXX")
trap 'trap "" HUP INT TERM; rm -rf "$work"' EXIT
trap 'trap "" HUP INT TERM; exit 130' HUP INT TERM
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/tree/sshd"
: >"$work/apt/status"

# An apt with the machine's sources and lists of its own.
apt() {
    apt-get -qq -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache="$work/apt" -o Dir::Cache::archives="$work/apt/archives" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none -o Acquire::Retries=3 -o Debug::NoLocking=true \
        -o APT::Sandbox::User="$(id -un)" "$@"
}
printf 'servers: downloading an SSH server and Swift, for tests\n' >&2
apt update || die 'no list of packages; the reason stands above'
(
    cd "$work/apt/archives"
    # With the libraries that a small system lacks.
    apt download openssh-server libwrap0 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 libcom-err2
) || die 'the download failed'
for package in "$work"/apt/archives/*.deb; do
    dpkg-deb --extract "$package" "$work/tree/sshd"
done
[ -x "$work/tree/sshd/usr/sbin/sshd" ] || die 'the package holds no usr/sbin/sshd'

python3 -m venv "$work/tree/swift"
"$work/tree/swift/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$here/servers.lock" ||
    die 'Swift could not be installed; the reason stands above'

: >"$work/tree/.provisioned"
mv "$work/tree" "$target"
