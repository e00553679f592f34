#!/usr/bin/env bash
# decode_simulated_boot.sh PXEPROOF: tshark agrees that the simulated ROM and our server speak DHCP, PXE and TFTP.
. "$(dirname "$0")/common.sh"
for server in builtin dnsmasq; do
  "$pxeproof" boot --against "$server" --save "$scratch/$server.pcap" >/dev/null
  decodes "$scratch/$server.pcap"
  types=$(tshark -r "$scratch/$server.pcap" -Y dhcp -T fields -e dhcp.option.dhcp 2>/dev/null | sort -u | tr -s ' \n' ' ')
  # DISCOVER, OFFER, REQUEST, ACK; on a busy machine one may come twice.
  [ "$types" = "1 2 3 5 " ] || die "$server: tshark sees DHCP types$types"
  files=$(tshark -r "$scratch/$server.pcap" -Y tftp.opcode==1 -T fields -e tftp.source_file 2>/dev/null | sort -u | wc -l)
  [ "$files" -eq 13 ] || die "$server: tshark sees read requests for $files files, 13 expected"
done
