#!/usr/bin/env bash
# record_boot.sh PXEPROOF: `record` on an interface where a simulated ROM boots, whole, cut, anonymous, and one that stalls.
. "$(dirname "$0")/common.sh"
go_on_in_private_network "$@"
ip link add server type veth peer name rom
ip link set server up
ip link set rom up
ip address add 192.168.178.2/24 dev server
chmod 755 "$scratch"
tree=$scratch/tree
mkdir -p "$tree"
chmod 755 "$tree"
head -c 300000 /dev/zero >"$tree/memtest"
chmod 644 "$tree/memtest"

"$pxeproof" serve --interface=server --dhcp-range=192.168.178.50,192.168.178.99,1h --dhcp-boot=memtest \
  --enable-tftp --tftp-root="$tree" --port=0 >"$scratch/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$scratch"' EXIT
wait_for serving "$scratch/log" || die "the server does not start"

# record_while COMMAND RECORD-OPTIONS...: records until the boot is over; its exit code is in $code.
record_while() {
  local command=$1
  shift
  "$pxeproof" record --interface server "$@" >"$scratch/story" 2>&1 &
  local recorder=$!
  wait_for recording "$scratch/story" || die "record does not start"
  $command >"$scratch/boot" 2>&1 || true
  code=0
  wait $recorder || code=$?
}
boot() { "$pxeproof" boot --interface rom --until nbp --mac 52:54:00:00:00:07; }
# Switched off when its first packet is on record: on a busy machine it takes more than a second to start.
boot_lost() {
  "$pxeproof" boot --interface rom --until nbp --mac 52:54:00:00:00:08 --arch 7 &
  local rom=$!
  wait_for ' .*DISCOVER' "$scratch/story"
  kill $rom
}
noise() { for _ in 1; do curl -s -m 1 "tftp://192.168.178.2/memtest" -o /dev/null; done; boot; }

record_while boot --quiet 1 --output "$scratch/whole.pcapng"
cat "$scratch/story"
[ "$code" -eq 0 ] || { cat "$scratch/boot"; die "exit code $code, 0 expected"; }
grep -q '^ .*RRQ  *memtest -> 300,000 octets' "$scratch/story" || die "the story does not tell the file"
grep -q '^booted: ' "$scratch/story" || die "no verdict"
# The server's own frames are captured before its card would fill their checksums in, so only the rest is asked.
malformed=$(tshark -r "$scratch/whole.pcapng" -Y _ws.malformed 2>/dev/null | wc -l)
[ "$malformed" -eq 0 ] || die "$malformed malformed packets"
# Every block of the file is there, though nobody knew the server's port before.
blocks=$(tshark -r "$scratch/whole.pcapng" -Y 'tftp.opcode == 3' 2>/dev/null | wc -l)
[ "$blocks" -ge 200 ] || die "only $blocks DATA packets recorded"

record_while noise --quiet 1 --mac 52:54:00:00:00:07 --anonymize --seed 5 --output "$scratch/anonymous.pcapng"
[ "$code" -eq 0 ] || { cat "$scratch/story" "$scratch/boot"; die "anonymous: exit code $code"; }
decodes "$scratch/anonymous.pcapng"
strings=$(tshark -r "$scratch/anonymous.pcapng" -T fields -e eth.addr -e ip.addr 2>/dev/null)
grep -q -e '52:54:00:00:00:07' -e '192\.168\.178\.' <<<"$strings" && die "a name is left: $strings"
tshark -r "$scratch/anonymous.pcapng" -o ip.check_checksum:TRUE -Y 'ip.checksum.status == 0' 2>/dev/null | grep -q . &&
  die "wrong IP checksums"
# The same boot, all the same.
"$pxeproof" diff "$scratch/whole.pcapng" "$scratch/anonymous.pcapng" --ignore timing || die "the anonymous boot is another"

record_while boot_lost --patience 2 --cut-payload --output "$scratch/stalled.pcapng"
cat "$scratch/story"
[ "$code" -le 1 ] || die "stalled: exit code $code"

# Nobody boots: nothing was tested.
code=0
"$pxeproof" record --interface server --until 1s --output "$scratch/none.pcapng" >"$scratch/story" 2>&1 || code=$?
[ "$code" -eq 4 ] || { cat "$scratch/story"; die "exit code $code, 4 expected"; }

# Without the right to capture it says which one is missing.
if command -v setpriv >/dev/null; then
  code=0
  setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$pxeproof" record --interface server --until 1s \
    --output "$scratch/none.pcapng" >"$scratch/story" 2>&1 || code=$?
  [ "$code" -eq 3 ] || { cat "$scratch/story"; die "exit code $code without CAP_NET_RAW, 3 expected"; }
  grep -q cap_net_raw "$scratch/story" || { cat "$scratch/story"; die "cap_net_raw is not named"; }
fi
