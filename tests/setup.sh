#!/usr/bin/env bash
# Installs what the tests need and this machine lacks. Without root it only tells what is missing.
#   tclsh      the referee: every test script runs under it too
#   tcllib     comm, which remex must be able to talk to
#   python3    the conformance runner
#   ip         two network namespaces stand for two hosts
#   unshare, setpriv, prlimit: a test file gets a user and a network of its own
#   time       peak memory, for the benchmarks
set -u

tcllib_present() {
    [ -n "$(echo 'puts [catch {package require comm}]' | tclsh 2>/dev/null | grep '^0$')" ]
}

# Lines "package" for what is missing.
missing() {
    command -v tclsh >/dev/null || echo tcl
    command -v cc >/dev/null || echo gcc libc6-dev
    { command -v tclsh >/dev/null && tcllib_present; } || echo tcllib
    command -v python3 >/dev/null || echo python3
    command -v ip >/dev/null || echo iproute2
    command -v unshare >/dev/null && command -v setpriv >/dev/null && command -v prlimit >/dev/null || echo util-linux
    [ -x /usr/bin/time ] || echo time
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
}

packages=$(missing)
[ -z "$packages" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: missing, and only root can install it: apt-get install" $packages >&2
    exit 1
fi
echo "setup: installing" $packages
export DEBIAN_FRONTEND=noninteractive
# One source that is out of reach must not keep the others from serving.
apt-get -q update >/dev/null 2>&1 || echo "setup: apt-get update complains; going on with the lists at hand" >&2
apt-get -q install -y --no-install-recommends $packages >/dev/null || { echo "setup: apt-get install failed" >&2; exit 1; }
packages=$(missing)
[ -z "$packages" ] || { echo "setup: still missing:" $packages >&2; exit 1; }
