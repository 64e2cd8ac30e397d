#!/bin/sh
# Makes the secrets of compose.yaml, other than the key from Apple, which belongs beside them as apns-key.p8. Those that are
# there stay as they are.
#
#   deploy/make-secrets.sh [FOLDER]
set -eu
folder=${1:-$(dirname "$0")/secrets}

# The folder keeps others out. What is in it is mounted as it is, for users of other numbers than its owner's.
umask 022
mkdir -p "$folder"
chmod 0700 "$folder"
cd "$folder"

# make NAME COMMAND…: what the command prints, whole or not at all.
make() {
  name=$1
  shift
  [ -e "$name" ] && return
  "$@" >"$name.new"
  mv "$name.new" "$name"
}

random() { openssl rand -hex 32 | tr -d '\n'; }
url() { printf 'postgres://apns:%s@postgres:5432/apns' "$(cat database-password)"; }
hash() { printf 'sha256:%s' "$(openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1)"; }

make database-password random
make database-url url
for key in api-key metrics-key; do
  make "$key" random
  make "$key-hash" hash "$key"
done
