#!/bin/sh
# Unpacks what only tests talk to or run into TARGET, as an ordinary user: an SSH server, OpenStack Swift with its S3
# interface, nginx, and Prometheus' promtool.
#
#   asterisk-conf/servers.sh TARGET
#
# Debian's packages are downloaded by apt with their signatures checked, unpacked and never installed: no server begins
# to listen on this machine. Swift goes into a Python environment of its own, as servers.lock says. TARGET appears at
# once and complete, or not at all; one that an older version of this script has made is made anew.
set -eu

target=${1:?usage: servers.sh TARGET}
# apt takes a relative path for one below /etc/apt.
case $target in /*) ;; *) target=$(pwd)/$target ;; esac
here=$(cd "$(dirname "$0")" && pwd)

die() { printf 'servers: %s\n' "$*" >&2; exit 1; }

stamp=$(cat "$here/servers.sh" "$here/servers.lock" | sha256sum)
if [ "$(cat "$target/.provisioned" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
[ ! -e "$target" ] || [ -e "$target/.provisioned" ] || die "$target exists but is not complete; move it away and try again"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$(dirname "$target")/.servers.XXXXXX")
trap 'trap "" HUP INT TERM; rm -rf "$work"' EXIT
trap 'trap "" HUP INT TERM; exit 130' HUP INT TERM
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/tree/sshd" "$work/tree/debian"
: >"$work/apt/status"

# An apt with the machine's sources and lists of its own.
apt() {
    apt-get -qq -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache="$work/apt" -o Dir::Cache::archives="$work/apt/archives" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none -o Acquire::Retries=3 -o Debug::NoLocking=true \
        -o APT::Sandbox::User="$(id -un)" "$@"
}
printf 'servers: downloading an SSH server, Swift, nginx and promtool, for tests\n' >&2
apt update || die 'no list of packages; the reason stands above'
(
    cd "$work/apt/archives"
    # With the libraries that a small system lacks.
    apt download openssh-server libwrap0 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 libcom-err2
    apt download nginx prometheus
) || die 'the download failed'
for package in "$work"/apt/archives/*.deb; do
    case ${package##*/} in
        nginx_*) dpkg-deb --fsys-tarfile "$package" | tar -x -C "$work/tree/debian" ./usr/sbin/nginx ;;
        prometheus_*) dpkg-deb --fsys-tarfile "$package" | tar -x -C "$work/tree/debian" ./usr/bin/promtool ;;
        *) dpkg-deb --extract "$package" "$work/tree/sshd" ;;
    esac
done
for program in sshd/usr/sbin/sshd debian/usr/sbin/nginx debian/usr/bin/promtool; do
    [ -x "$work/tree/$program" ] || die "the packages hold no $program"
done

python3 -m venv "$work/tree/swift"
"$work/tree/swift/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$here/servers.lock" ||
    die 'Swift could not be installed; the reason stands above'

printf '%s\n' "$stamp" >"$work/tree/.provisioned"
rm -rf "$target"
mv "$work/tree" "$target"
