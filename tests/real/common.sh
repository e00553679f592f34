# Sourced by the tests beside it.
set -euo pipefail
pxeproof=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

die() { echo "FAILED: $*" >&2; exit 1; }

# Waits for a line that begins with a word. Long: a new process has been seen to get no processor for half a minute while other tests
# ran on both.
wait_for() { # WORD FILE
  for _ in $(seq 1800); do grep -q "^$1" "$2" && return; sleep 0.05; done
  cat "$2"
  return 1
}

# tshark decodes every packet of a capture, and none of them is malformed.
decodes() {
  local capture=$1 malformed
  command -v tshark >/dev/null || die "tshark is not installed"
  malformed=$(tshark -r "$capture" -Y '_ws.malformed' 2>/dev/null | wc -l)
  [ "$malformed" -eq 0 ] || { tshark -r "$capture" -Y '_ws.malformed'; die "$malformed malformed packets"; }
  # Every UDP checksum is right, too.
  malformed=$(tshark -r "$capture" -o udp.check_checksum:TRUE -Y 'udp.checksum.status == 0' 2>/dev/null | wc -l)
  [ "$malformed" -eq 0 ] || die "$malformed wrong UDP checksums"
}

# Runs a command in a network namespace of its own, as root there.
in_private_network() {
  if [ "$(id -u)" -eq 0 ]; then unshare --net "$@"; else unshare --user --map-root-user --net "$@"; fi
}

# Runs the script again in a private network, and ends; inside it goes on, with loopback up.
go_on_in_private_network() { # "$@" of the script
  if [ "${2:-}" = inside ]; then
    ip link set lo up
    return
  fi
  in_private_network bash "$0" "$pxeproof" inside
  exit
}
