#!/usr/bin/env bash
# boot_real_rom.sh PXEPROOF FIRMWARE SERVER UNTIL PROFILE: a real ROM in QEMU boots until memtest86+ runs (UNTIL payload) or its
# boot file is there (nbp), and its simulated twin sends the same packets to the same answers. Code 77: its package is missing.
. "$(dirname "$0")/common.sh"
firmware=$2 server=$3 until=$4 profile=$5
configurations=$(cd "$(dirname "$0")/../../pcaps/configurations" && pwd)
tree=()
case $server in
  *:*) server=${server%%:*}:$configurations/${server#*:} tree=(--article-tree) ;;
esac

# A twin asks for what comes after the boot file as well, so the recording goes on for a moment.
code=0
"$pxeproof" lab boot --firmware "$firmware" --server "$server" "${tree[@]}" --until "$until" --linger 3 \
  --save "$scratch/boot.pcap" --timeout 400 2>"$scratch/errors" || code=$?
cat "$scratch/errors" >&2
if [ "$code" -eq 3 ] && grep -q 'install the package' "$scratch/errors"; then exit 77; fi
[ "$code" -eq 0 ] || exit "$code"

decodes "$scratch/boot.pcap"
[ "$(tshark -r "$scratch/boot.pcap" -Y tftp.opcode==3 2>/dev/null | wc -l)" -gt 0 ] || die "no DATA in the capture"
# How long each packet took says something about this host only; docs/fidelity.md compares the waits of quiet recordings.
"$pxeproof" profile compare "$profile" "$scratch/boot.pcap" --ignore timing
