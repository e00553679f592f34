#!/usr/bin/env bash
# html_report.sh PXEPROOF: the HTML pages hold what they should and look like something, in headless Chromium without network.
. "$(dirname "$0")/common.sh"
if ! command -v chromium >/dev/null; then
  echo "SKIPPED: chromium is not installed (apt-get install chromium)"
  exit 77
fi

# Whatever a page wanted to fetch, there is nowhere to fetch it from.
browse() {
  in_private_network timeout 100 chromium --headless --no-sandbox --disable-gpu --disable-background-networking \
    --no-first-run --hide-scrollbars --user-data-dir="$(mktemp -d -p "$scratch")" --enable-logging=stderr "$@" \
    2>"$scratch/log"
}

# check FILE SELECTOR-COUNT...: the document as Chromium understood it has so many of each, at least.
check() {
  local page=$1 dom=$scratch/dom
  shift
  grep -Eq '<script|src=|url\(|@import|https?://[^w]' "$page" && die "$page names something outside itself"
  browse --dump-dom "file://$page" >"$dom"
  grep -Eq 'CONSOLE.*(file:|Refused to)' "$scratch/log" && { cat "$scratch/log"; die "$page: the console complains"; }
  local pattern least count
  while [ $# -gt 0 ]; do
    pattern=$1 least=$2
    shift 2
    count=$(grep -o -e "$pattern" "$dom" | wc -l)
    [ "$count" -ge "$least" ] || die "$page: $count of $pattern, at least $least expected"
  done
  # Every link within the page leads somewhere.
  local target
  for target in $(grep -o 'href="#[^"]*"' "$dom" | sort -u | sed 's/href="#\(.*\)"/\1/'); do
    grep -q "id=\"$target\"" "$dom" || die "$page: a link leads to #$target, which is not there"
  done
  browse --window-size=1280,1600 --screenshot="$scratch/shot.png" "file://$page" >/dev/null
  # A white page of this size has about 5 kB.
  local size
  size=$(stat -c %s "$scratch/shot.png")
  [ "$size" -gt 40000 ] || die "$page: a screenshot of $size octets shows nothing"
  [ -z "${KEEP_SCREENSHOTS:-}" ] || cp "$scratch/shot.png" "$KEEP_SCREENSHOTS/$(basename "$page").png"
}

"$pxeproof" boot --against builtin --save "$scratch/good.pcap" >/dev/null
"$pxeproof" boot --against dnsmasq --save "$scratch/bad.pcap" >/dev/null
"$pxeproof" diff "$scratch/good.pcap" "$scratch/bad.pcap" --html "$scratch/diff.html" >/dev/null || true
check "$scratch/diff.html" '<h1>' 1 '<section id=' 5 '<details id="b1-place-' 18 '<svg ' 4 '<summary>' 50 'tabindex="0"' 20 \
  '<tr class="bad">' 1 'class="sides"' 20 '<polygon' 24 '<rect class="bar' 30

# A boot that fails, from a tree without the boot file.
mkdir -p "$scratch/tree"
chmod 755 "$scratch" "$scratch/tree"
cat >"$scratch/boot.conf" <<CONF
port=0
dhcp-range=192.168.178.0,proxy
pxe-service=x86PC,"Network Boot",pxelinux
enable-tftp
tftp-root=$scratch/tree
CONF
"$pxeproof" boot --against "builtin:$scratch/boot.conf" --save "$scratch/missing.pcap" >/dev/null || true
"$pxeproof" explain "$scratch/missing.pcap" --html "$scratch/explain.html" >/dev/null || true
check "$scratch/explain.html" '<h1>' 1 '<section id="b1-' 4 '<details id="b1-step-' 6 '<svg ' 2 'class="verdict bad"' 1 \
  'How to mend it' 1 'aria-label="packets"' 6 'DHCP DISCOVER' 1
"$pxeproof" explain "$scratch/good.pcap" --html "$scratch/booted.html" >/dev/null
check "$scratch/booted.html" 'class="verdict good"' 1 '<details id="b1-step-' 18 'TFTP DATA' 12
