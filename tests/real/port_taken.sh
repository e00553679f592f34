#!/usr/bin/env bash
# port_taken.sh PXEPROOF: a second server on the same ports says so and ends with 3.
. "$(dirname "$0")/common.sh"
go_on_in_private_network "$@"
chmod 755 "$scratch"
"$pxeproof" serve --enable-tftp --tftp-root="$scratch" --port=0 >"$scratch/log" 2>&1 &
first=$!
trap 'kill $first 2>/dev/null; rm -rf "$scratch"' EXIT
wait_for serving "$scratch/log" || die "the server does not start"
code=0
"$pxeproof" serve --enable-tftp --tftp-root="$scratch" --port=0 >"$scratch/second" 2>&1 || code=$?
cat "$scratch/second"
[ "$code" -eq 3 ] || die "exit code $code, 3 expected"
grep -q 69 "$scratch/second" || die "the message does not name port 69"
