#!/usr/bin/env bash
# fidelity_table.sh PXEPROOF [DIRECTORY [FIRMWARE [SCENARIO]]]: compares every capture of pcaps/INDEX.toml (or the ones of the same
# names in DIRECTORY; only those of one firmware, or one scenario) with its simulated twin and prints docs/fidelity.md. Exit code 1
# when any of them differs, or there is none.
set -uo pipefail
pxeproof=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
directory=${2:-$root/pcaps}
only_firmware=${3:-}
only_scenario=${4:-}
failed=0
rows=0

cat "$root/tests/real/fidelity_head.md"
echo
echo '| firmware | scenario | profile | packets | octets | waits | volatile fields that did differ | other differences |'
echo '|---|---|---|---|---|---|---|---|'
while IFS=$'\t' read -r file firmware scenario profile; do
  [ -z "$only_firmware" ] || [ "$only_firmware" = "$firmware" ] || continue
  [ -z "$only_scenario" ] || [ "$only_scenario" = "$scenario" ] || continue
  rows=$((rows + 1))
  text=$("$pxeproof" profile compare "$profile" "$directory/$file")
  case $? in
    0) differences=none ;;
    1) differences=$(grep -c '^  packet ' <<<"$text"); failed=1 ;;
    *) differences="not compared"; failed=1 ;;
  esac
  [ "$differences" = none ] || echo "$file: $text" >&2
  counts=$(head -1 <<<"$text" | sed -E 's/^([0-9]+) packets, ([0-9]+) octets and ([0-9]+) waits.*/\1 | \2 | \3/')
  declared=$(sed -nE 's/^  declared volatile: ([^,]*), .*/\1/p' <<<"$text" | paste -sd, | sed 's/,/, /g')
  echo "| $firmware | $scenario | \`$profile\` | $counts | $declared | $differences |"
done < <(awk -F'"' '/^file = /{f=$2} /^firmware = /{w=$2} /^scenario = /{s=$2} /^profile = /{p=$2} /^shows = /{if (p) print f "\t" w "\t" s "\t" p; p=""}' \
  "$root/pcaps/INDEX.toml")
[ "$rows" -gt 0 ] || { echo "fidelity_table.sh: no capture of $only_firmware $only_scenario in pcaps/INDEX.toml" >&2; failed=1; }
exit $failed
