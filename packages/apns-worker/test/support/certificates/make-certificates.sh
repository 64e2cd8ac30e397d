#!/usr/bin/env bash
# Makes the certificates of the test servers, with OpenSSL 3. They are valid for a hundred years and good for nothing but
# these tests: nobody else trusts them.
set -euo pipefail
cd "$(dirname "$0")"

# self_signed NAME SUBJECT_ALTERNATIVE_NAME
self_signed() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
    -subj "/CN=$1" -addext "subjectAltName=$2" -keyout "$1.key.pem" -out "$1.pem"
}

self_signed localhost DNS:localhost,IP:127.0.0.1
self_signed elsewhere DNS:elsewhere.example
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out provider.p8
