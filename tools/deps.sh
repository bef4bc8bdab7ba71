#!/bin/sh
# deps.sh -- installs the Debian or Ubuntu packages that are missing, and says which.
#
# usage: tools/deps.sh build|test|valgrind [jemalloc]
# "build" is what the executable needs: a failure to install is an error. The other lists serve
# tests only: a failure is a warning, and the tests that need the package are skipped.
# "a|b" means the first of the two that this system has. Does nothing where dpkg is not there.
set -u

build_list='gcc make pkg-config|pkgconf libc6-dev liblua5.4-dev libmimalloc-dev libcmocka-dev'
test_list='clang libclang-rt-14-dev|libclang-rt-18-dev|libclang-common-14-dev netcat-openbsd
lua-check python3 clang-format curl g++'
valgrind_list='valgrind libc6-dbg'

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

known() { apt-cache show "$1" >/dev/null 2>&1; }

# Prints the package to install for "a|b|c"; nothing when one of them is there.
choose() {
    for name in $(echo "$1" | tr '|' ' '); do
        installed "$name" && return
    done
    for name in $(echo "$1" | tr '|' ' '); do
        if known "$name"; then
            echo "$name"
            return
        fi
    done
    echo "${1%%|*}"
}

missing() {
    for entry in $1; do
        choose "$entry"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        echo "deps.sh: not root, and no sudo" >&2
        return 1
    fi
}

install() {
    as_root apt-get -q -y --no-install-recommends install "$@" >&2
}

kind=${1:-build}
case $kind in
build) list=$build_list ;;
test) list=$test_list ;;
valgrind) list=$valgrind_list ;;
*)
    echo "usage: tools/deps.sh build|test|valgrind [jemalloc]" >&2
    exit 2
    ;;
esac
[ "${2:-}" = jemalloc ] && list="$list libjemalloc-dev"

command -v dpkg-query >/dev/null || exit 0
# One query when all is there, which is nearly always.
want=$(echo "$list" | tr ' ' '\n' | sed 's/|.*//' | tr '\n' ' ')
# shellcheck disable=SC2086
have=$(dpkg-query -W -f '${db:Status-Status}\n' $want 2>/dev/null | grep -c '^installed$')
[ "$have" = "$(echo "$want" | wc -w)" ] && exit 0

names=$(missing "$list")
[ -z "$names" ] && exit 0
echo "deps.sh: installing the missing packages:" $names >&2
# shellcheck disable=SC2086
install $names && exit 0
# A fresh machine has no lists of packages yet; with them the choice may be another.
as_root apt-get -q update >&2 && names=$(missing "$list")
# shellcheck disable=SC2086
install $names && exit 0
if [ "$kind" = build ]; then
    echo "deps.sh: could not install:" $names >&2
    exit 1
fi
# One by one, so that one unknown package does not hinder the others.
for name in $names; do
    install "$name" ||
        echo "deps.sh: WARNING: no $name; the tests that need it will be skipped" >&2
done
exit 0
