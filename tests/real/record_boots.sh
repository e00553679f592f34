#!/usr/bin/env bash
# record_boots.sh PXEPROOF DIRECTORY [FIRMWARE [SCENARIO]]: records boots of real firmware in QEMU against dnsmasq,
# by the machine's own clock and without file content, into DIRECTORY/FIRMWARE-SCENARIO.pcapng. PATIENCE=2 watches each twice
# as long, for a busy host.
set -euo pipefail
pxeproof=$1
directory=$2
only_firmware=${3:-}
only_scenario=${4:-}
configurations=$(cd "$(dirname "$0")/../../pcaps/configurations" && pwd)
mkdir -p "$directory"

# What a scenario is served with, and for how many seconds of a quiet host it is watched.
configuration_of() {
  case "$1-$2" in
    uboot-arm64-one-service) echo one-file ;;
    uboot-arm64-missing-file) echo missing-one-file ;;
    *) echo "$2" ;;
  esac
}
seconds_of() {
  case "$1-$2" in
    ipxe-bios-no-proxy) echo 50 ;;
    ipxe-bios-*) echo 40 ;;
    aavmf-arm64-one-service) echo 140 ;;
    *-no-proxy) echo 190 ;;
    ovmf-*-missing-file | aavmf-*-missing-file) echo 140 ;;
    uboot-arm64-several-services | uboot-arm64-prompt) echo 90 ;;
    *) echo 75 ;;
  esac
}
# Where counted instructions bend the machine's time by more than 50 ms (docs/decisions/0008).
by_host_clock() { [ "$1" = ipxe-bios-no-proxy ] || [ "$1" = ovmf-ia32-prompt ]; }

for firmware in ipxe-bios ovmf-x64 ovmf-ia32 aavmf-arm64 uboot-arm64; do
  [ -z "$only_firmware" ] || [ "$only_firmware" = "$firmware" ] || continue
  for scenario in one-service several-services prompt no-proxy missing-file; do
    [ -z "$only_scenario" ] || [ "$only_scenario" = "$scenario" ] || continue
    configuration=$(configuration_of "$firmware" "$scenario")
    name=$directory/$firmware-$scenario
    echo "$firmware, $scenario"
    clock=(--own-clock "$name.pcapng")
    by_host_clock "$firmware-$scenario" && clock=(--save "$name.whole.pcapng")
    "$pxeproof" lab boot --firmware "$firmware" --server "dnsmasq:$configurations/$configuration.conf" --article-tree \
      --watch "$(($(seconds_of "$firmware" "$scenario") * ${PATIENCE:-1}))" "${clock[@]}" -v \
      >"$name.log" 2>&1 || { tail -5 "$name.log" >&2; exit 1; }
    if [ -f "$name.whole.pcapng" ]; then
      # Its code says whether the machine booted.
      "$pxeproof" record --from "$name.whole.pcapng" --cut-payload --output "$name.pcapng" >>"$name.log" 2>&1 || [ -s "$name.pcapng" ]
      rm "$name.whole.pcapng"
    fi
  done
done
