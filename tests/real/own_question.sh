#!/usr/bin/env bash
# own_question.sh PXEPROOF: two interfaces on one network hear the question with which `serve DIRECTORY` looks for other servers.
# That is no client: `--once` ends with 4, as where there was none.
. "$(dirname "$0")/common.sh"
go_on_in_private_network "$@"
ip link add one type veth peer name two
ip address add 192.168.178.2/24 dev one
ip link set one up
ip link set two up
chmod 755 "$scratch"
mkdir -m 755 "$scratch/tree"
cp /usr/lib/PXELINUX/pxelinux.0 "$scratch/tree/"
code=0
"$pxeproof" serve "$scratch/tree" --once --timeout 2 >"$scratch/log" 2>&1 || code=$?
cat "$scratch/log"
[ "$code" -eq 4 ] || die "exit code $code, 4 expected"
