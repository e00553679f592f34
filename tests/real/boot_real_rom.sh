#!/usr/bin/env bash
# boot_real_rom.sh PXEPROOF FIRMWARE SERVER: a real ROM in QEMU boots to a running memtest86+.
. "$(dirname "$0")/common.sh"
"$pxeproof" lab boot --firmware "$2" --server "$3" --save "$scratch/boot.pcap" --timeout 220
decodes "$scratch/boot.pcap"
[ "$(tshark -r "$scratch/boot.pcap" -Y tftp.opcode==3 2>/dev/null | wc -l)" -gt 0 ] || die "no DATA in the capture"
