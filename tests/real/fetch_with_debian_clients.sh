#!/usr/bin/env bash
# fetch_with_debian_clients.sh PXEPROOF: curl, tftp-hpa, atftp and busybox fetch a whole tree, octet for octet.
. "$(dirname "$0")/common.sh"
go_on_in_private_network "$@"
tree=$scratch/tree
mkdir -p "$tree/sub"
chmod 755 "$scratch" "$tree" "$tree/sub"
ln -s /usr/lib/PXELINUX/pxelinux.0 "$tree/pxelinux.0"
: >"$tree/empty"
head -c 512 /dev/urandom >"$tree/one-block"
head -c 1428 /dev/urandom >"$tree/exact"
head -c 3000000 /dev/urandom >"$tree/sub/large"
chmod 644 "$tree"/empty "$tree"/one-block "$tree"/exact "$tree"/sub/large

"$pxeproof" serve --enable-tftp --tftp-root="$tree" --port=0 >"$scratch/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$scratch"' EXIT
wait_for serving "$scratch/log" || die "the server does not start"

same() { cmp -s "$tree/$1" "$scratch/got" || die "$2 got another $1"; rm -f "$scratch/got"; }
for file in pxelinux.0 empty one-block exact sub/large; do
  for size in 8 512 1428 65464; do
    [ "$size" -eq 8 ] && [ "$file" = sub/large ] && continue
    # curl 7.88 fails on an empty file with error 71, from any server.
    [ "$file" = empty ] && continue
    curl -s --tftp-blksize "$size" -o "$scratch/got" "tftp://127.0.0.1/$file" || die "curl blksize $size: $file"
    [ -e "$scratch/got" ] || : >"$scratch/got"
    same "$file" "curl with blksize $size"
  done
  if [ "$file" != empty ]; then
    curl -s --tftp-no-options -o "$scratch/got" "tftp://127.0.0.1/$file" || die "curl without options: $file"
    same "$file" "curl without options"
  fi
  (cd "$scratch" && tftp -m binary 127.0.0.1 -c get "$file" got) || die "tftp: $file"
  [ -e "$scratch/got" ] || : >"$scratch/got"
  same "$file" tftp
  atftp --get --remote-file "$file" --local-file "$scratch/got" 127.0.0.1 2>/dev/null || die "atftp: $file"
  [ -e "$scratch/got" ] || : >"$scratch/got"
  same "$file" atftp
  for window in 2 8 64; do
    atftp --option "windowsize $window" --option "blksize 1428" --get --remote-file "$file" \
      --local-file "$scratch/got" 127.0.0.1 2>/dev/null || die "atftp with windows of $window: $file"
    [ -e "$scratch/got" ] || : >"$scratch/got"
    same "$file" "atftp with windows of $window"
  done
  for size in 512 1428; do
    (cd "$scratch" && busybox tftp -g -b "$size" -r "$file" -l got 127.0.0.1 >/dev/null 2>&1) || die "busybox: $file"
    [ -e "$scratch/got" ] || : >"$scratch/got"
    same "$file" "busybox with blksize $size"
  done
done
curl -s -o "$scratch/got" "tftp://127.0.0.1/missing" && die "curl fetched a file that is not there"
curl -s -o "$scratch/got" "tftp://127.0.0.1/../../etc/hostname" && die "curl left the root"
curl -s -T "$tree/exact" "tftp://127.0.0.1/written" && die "curl wrote a file"
[ ! -e "$tree/written" ] || die "a write request made a file"
kill -0 "$server" || die "the server died"
