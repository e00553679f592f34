# Sourced by the tests beside it.
set -euo pipefail
pxeproof=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

die() { echo "FAILED: $*" >&2; exit 1; }

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

# Runs the rest of the script in a network namespace of its own, as root there.
in_private_network() {
  if [ "$(id -u)" -eq 0 ]; then unshare --net "$@"; else unshare --user --map-root-user --net "$@"; fi
}
