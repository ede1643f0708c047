#!/usr/bin/env bash
# Build kube-apiserver, kube-controller-manager and etcd from their Go modules into a cache, once.
#
#   build.sh            builds what the cache lacks; prints the folder of the binaries
#   build.sh --where    only prints that folder
#
# Cold it takes about 17 minutes on two cores and 3 GB of disk; with the cache it does nothing.
# KIKKAKE_KUBE_ASSETS moves the cache (default: ~/.cache/kube-assets). Needs go and flock.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
assets=${KIKKAKE_KUBE_ASSETS:-${XDG_CACHE_HOME:-$HOME/.cache}/kube-assets}
kube_version=$(sed -nE 's/^\tk8s\.io\/kubernetes (v[0-9.]+)$/\1/p' "$here/go.mod")
# The name holds what was built, so that a change of the module builds again and old caches do no harm.
build="$assets/$kube_version-$(cat "$here/go.mod" "$here"/cmd/*/main.go | sha256sum | cut -c1-12)"

if [[ ${1:-} == --where ]]; then
    echo "$build"
    exit
fi

complete() { [[ -x $build/kube-apiserver && -x $build/kube-controller-manager && -x $build/etcd ]]; }

if ! complete; then
    mkdir -p "$assets"
    exec 8>"$assets/.lock"
    flock 8 # another builder may have been at it meanwhile: look again
    if ! complete; then
        echo "building kube-apiserver and kube-controller-manager $kube_version and etcd in $assets (about 17 minutes the first time)" >&2
        work=$(mktemp -d "$assets/.build.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        ldflags="-s -w"
        IFS=. read -r major minor _ <<<"${kube_version#v}"
        for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
            ldflags+=" -X $package.gitVersion=$kube_version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
        done
        cd "$here"
        CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=local go build -mod=readonly -buildvcs=false -trimpath \
            -ldflags "$ldflags" -o "$work/" ./cmd/etcd ./cmd/kube-apiserver ./cmd/kube-controller-manager 8>&-
        rm -rf "$build"
        mv "$work" "$build"
        trap - EXIT
        chmod 755 "$build" # mktemp made it private
    fi
fi
echo "$build"
