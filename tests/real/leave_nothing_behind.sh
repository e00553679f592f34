#!/usr/bin/env bash
# leave_nothing_behind.sh PXEPROOF: after an interrupted or killed boot no process, link or mount is left.
. "$(dirname "$0")/common.sh"
# Everything of a run carries this word in its command line, QEMU too.
word=$(cat /proc/sys/kernel/random/uuid)
for signal in INT TERM KILL; do
  before_links=$(ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort)
  before_mounts=$(sort /proc/self/mountinfo | wc -l)
  "$pxeproof" lab boot --timeout 60 --uuid "$word" >"$scratch/log" 2>&1 &
  run=$!
  for _ in $(seq 200); do grep -q 'in QEMU' "$scratch/log" && break; sleep 0.05; done
  grep -q 'in QEMU' "$scratch/log" || { cat "$scratch/log"; die "the lab did not start"; }
  sleep 1
  kill -"$signal" "$run"
  wait "$run" 2>/dev/null || true
  for _ in $(seq 100); do pgrep -f -- "$word" >/dev/null || break; sleep 0.05; done
  ! pgrep -af -- "$word" || die "processes live on after SIG$signal"
  after_links=$(ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort)
  [ "$before_links" = "$after_links" ] || die "links are left after SIG$signal"
  [ "$before_mounts" -eq "$(sort /proc/self/mountinfo | wc -l)" ] || die "mounts are left after SIG$signal"
done
