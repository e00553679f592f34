#!/usr/bin/env bash
# faults_meet_debian_clients.sh PXEPROOF: curl and atftp, which nobody here wrote, meet the faulty server. What they do with each fault is
# what these versions (curl 7.88, atftp 0.8.0 of Debian 12) were seen to do.
. "$(dirname "$0")/common.sh"
go_on_in_private_network "$@"
tree=$scratch/tree
mkdir -p "$tree"
head -c 20000 /dev/urandom >"$tree/f"
chmod 755 "$scratch" "$tree"
chmod 644 "$tree/f"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT

by_curl() { curl -sS -m 20 -o "$scratch/got" tftp://127.0.0.1/f; }
by_curl_plain() { curl -sS -m 20 --tftp-no-options -o "$scratch/got" tftp://127.0.0.1/f; }
by_atftp() { (cd "$scratch" && timeout 20 atftp --get --remote-file f --local-file got --option "blksize 1428" 127.0.0.1); }
by_atftp_windows() {
  (cd "$scratch" && timeout 20 atftp --get --remote-file f --local-file got --option "windowsize 4" --option "blksize 1428" 127.0.0.1)
}

# meets FAULTS CLIENT OUTCOME: equal (the file came whole), wrong (the client is content with another one), refused (exit code), and the
# server told of the fault.
meets() {
  local faults=$1 client=$2 expected=$3 seen
  "$pxeproof" serve --enable-tftp --tftp-root="$tree" --port=0 --seed 1 --fault "$faults" >"$scratch/log" 2>&1 &
  server=$!
  wait_for serving "$scratch/log" || die "no server with --fault \"$faults\""
  rm -f "$scratch/got"
  if "$client" >"$scratch/said" 2>&1; then
    seen=wrong
    cmp -s "$scratch/got" "$tree/f" && seen=equal
  else
    seen=refused
  fi
  kill "$server"
  wait "$server" 2>/dev/null || die "the server died of --fault \"$faults\""
  server=
  grep -q '^fault "' "$scratch/log" || die "--fault \"$faults\" met nothing with $client"
  [ "$seen" = "$expected" ] || { cat "$scratch/log" "$scratch/said"; die "--fault \"$faults\", $client: $seen, not $expected"; }
  echo "$faults: $client: $seen"
}

for client in by_curl by_atftp by_atftp_windows; do
  meets "drop DATA 3" $client equal
  meets "duplicate DATA 2" $client equal
  meets "data resend 2" $client equal
  meets "reorder DATA 4" $client equal
  meets "data 2 also from other port" $client equal   # CLIENT-01
  meets "data 2 from other port" $client equal
  meets "data wrong-block 3" $client equal
  meets "tftp from port 69" $client equal
  meets "delay OACK by 300ms" $client equal
  meets "data short 3" $client wrong                  # CLIENT-10: neither compares with tsize
  meets 'error 3 "disk full" at 2' $client refused
done
meets "oack blksize=9999" by_curl refused             # CLIENT-03
meets "oack blksize=9999" by_atftp wrong              # takes what it did not ask for, and ends after block 1 with exit code 0
meets "oack with unasked option" by_curl equal        # CLIENT-02
meets "data 3 long" by_curl_plain equal                 # cut to what was agreed

# Wrong words.
refusal=$("$pxeproof" serve --enable-tftp --fault "drop DATAX 3" 2>&1) && die "a wrong fault is served"
[ "$refusal" = "--fault:6: no packet 'DATAX'; did you mean DATA?" ] || die "$refusal"
