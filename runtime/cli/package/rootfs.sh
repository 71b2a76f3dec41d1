#!/bin/sh
# Lays out the root file system of a container: the binary, the libraries that it loads, certificate authorities, one user
# and a folder for the cache. Nothing else: no shell, no package manager.
#
#   rootfs.sh BINARY FOLDER
set -eu
binary=$1
root=$2
user=65532 # "nonroot", as in other images without a system
authorities=/etc/ssl/certs/ca-certificates.crt

[ -r "$authorities" ] || { echo "rootfs.sh: $authorities is missing: install ca-certificates" >&2; exit 1; }
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/etc/spangate" "$root/proc" "$root/var"
install -m 755 "$binary" "$root/usr/bin/spangate"
install -m 644 "$authorities" "$root$authorities"
install -d -m 700 -o "$user" -g "$user" "$root/var/cache"
printf 'nonroot:x:%s:%s::/:/sbin/nologin\n' "$user" "$user" >"$root/etc/passwd"
printf 'nonroot:x:%s:\n' "$user" >"$root/etc/group"
# Without it names are asked of DNS before /etc/hosts.
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# A static binary loads none.
ldd "$binary" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' |
  while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
