#!/bin/sh
# Unpacks Asterisk 22 and its Spanish prompts into TARGET, as an ordinary user and without a container.
#
#   asterisk-conf/provision.sh TARGET
#
# Debian's packages are downloaded by apt with its signatures checked, unpacked with dpkg-deb and never installed:
# Asterisk runs from the tree through the tree's own loader (ivr/install/asterisk.py). Debian 12 and 13 have no
# asterisk package, so the suite is a later one. TARGET appears at once and complete, or not at all.
#
# DEBIAN_SUITE   the suite (default: forky)
# DEBIAN_MIRROR  the Debian mirror (default: the one in this machine's apt sources)
set -eu

target=${1:?usage: provision.sh TARGET}
# apt takes a relative path for one below /etc/apt.
case $target in /*) ;; *) target=$(pwd)/$target ;; esac
suite=${DEBIAN_SUITE:-forky}
packages='asterisk asterisk-core-sounds-es-gsm asterisk-prompt-es-co'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() { printf 'provision: %s\n' "$*" >&2; exit 1; }

if [ -e "$target/.provisioned" ]; then exit 0; fi
[ ! -e "$target" ] || die "$target exists but is not a provisioned tree; move it away and try again"
for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || die "$tool is missing; Debian 12 or newer is needed"
done
[ -e "$keyring" ] || die "$keyring is missing; install it with: apt-get install debian-archive-keyring"

# The first Debian archive that this machine uses itself ("deb-src" and security archives do not have the suite).
mirror_of_this_machine() {
    apt-get indextargets --no-release-info --format '$(CREATED_BY) $(REPO_URI)' |
        awk '$1 == "Packages" && $2 !~ /security/ && !found {found = $2} END {print found}'
}
mirror=${DEBIAN_MIRROR:-$(mirror_of_this_machine)}
[ -n "$mirror" ] || die "no Debian mirror in this machine's apt sources; set DEBIAN_MIRROR=<address of a mirror>"

mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$(dirname "$target")/.provision.XXXXXX")
# Whoever presses Ctrl-C often closes the terminal next: cleaning up goes on.
trap 'trap "" HUP INT TERM; rm -rf "$work"' EXIT
trap 'trap "" HUP INT TERM; exit 130' HUP INT TERM
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/tree"
: >"$work/status"
printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$work/sources.list"

# An apt of its own: the machine's lists, cache and installed packages are neither read nor changed.
apt() {
    apt-get -qq \
        -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::State::extended_states="$work/auto" \
        -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- -o Dir::Etc::Preferences=- \
        -o Dir::Etc::PreferencesParts=- -o Dir::Log="$work" \
        -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o APT::Install-Recommends=false -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=true "$@"
}
printf 'provision: downloading Asterisk from Debian %s\n' "$suite" >&2
apt update --error-on=any || die "no list of packages from $mirror $suite; the reason stands above"
# shellcheck disable=SC2086 # a list of names
apt install --yes --download-only $packages >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die 'the download failed'; }

printf 'provision: unpacking\n' >&2
for package in "$work"/archives/*.deb; do
    dpkg-deb --extract "$package" "$work/tree"
done

# Nothing is ever run from the tree but Asterisk: programs, manuals, translations and Perl are ballast.
tree="$work/tree"
asterisk="$tree/usr/sbin/asterisk"
[ -x "$asterisk" ] || die 'the packages hold no usr/sbin/asterisk'
mkdir "$work/keep"
mv "$tree/usr/share/asterisk" "$tree/usr/share/doc" "$work/keep/"
find "$work/keep/doc" ! -name copyright ! -type d -delete
find "$work/keep/doc" -type d -empty -delete
find "$tree/usr/sbin" ! -name asterisk ! -type d -delete
rm -rf "$tree/usr/share" "$tree/usr/bin" "$tree/usr/libexec" "$tree/usr/include" "$tree/etc" "$tree/var" "$tree/dev"
rm -rf "$tree"/usr/lib/*/perl* "$tree"/usr/lib/*/gconv "$tree"/usr/lib/*/dri
mkdir "$tree/usr/share"
mv "$work/keep/asterisk" "$work/keep/doc" "$tree/usr/share/"

[ -n "$(find "$tree/usr/lib64" "$tree/usr/lib" -maxdepth 2 -name 'ld-linux*' 2>/dev/null)" ] || die 'the packages hold no loader'
: >"$tree/.provisioned"
mv "$tree" "$target"
