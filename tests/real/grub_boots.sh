#!/usr/bin/env bash
# grub_boots.sh PXEPROOF SERVER: OVMF in QEMU starts GRUB, which fetches its modules, its configuration, a kernel and an initrd of
# 5 MB, all as they are in the tree. The server hands out the address too: GRUB believes the lease's next server, not a proxy's.
# Code 77: grub-efi-amd64-bin or a package of the firmware is missing.
. "$(dirname "$0")/common.sh"
server=$2
modules=/usr/lib/grub/x86_64-efi
command -v grub-mknetdir >/dev/null && [ -d "$modules" ] || exit 77
[ -r /boot/memtest86+x64.bin ] || exit 77

tree=$scratch/tree
chmod 755 "$scratch"
mkdir -p "$tree"
grub-mknetdir --directory="$modules" --net-directory="$tree" --subdir=boot/grub >"$scratch/mknetdir" 2>&1 ||
  { cat "$scratch/mknetdir"; die "grub-mknetdir"; }
cat >"$tree/boot/grub/grub.cfg" <<'CONF'
insmod linux
linux /vmlinuz pxeproof
initrd /initrd
CONF
cp /boot/memtest86+x64.bin "$tree/vmlinuz"
head -c 5000000 /dev/urandom >"$tree/initrd"
chmod -R a+rX "$tree"
cat >"$scratch/grub.conf" <<CONF
port=0
no-ping
dhcp-range=192.168.178.100,192.168.178.200,12h
dhcp-boot=boot/grub/x86_64-efi/core.efi
enable-tftp
tftp-root=$tree
CONF

code=0
"$pxeproof" lab boot --firmware ovmf-x64 --server "$server:$scratch/grub.conf" --until nbp --linger 60 --timeout 400 \
  >"$scratch/story" 2>"$scratch/errors" || code=$?
cat "$scratch/story" "$scratch/errors"
if [ "$code" -eq 3 ] && grep -q 'install the package' "$scratch/errors"; then exit 77; fi
[ "$code" -eq 0 ] || exit "$code"
for file in boot/grub/x86_64-efi/core.efi boot/grub/x86_64-efi/normal.mod boot/grub/grub.cfg vmlinuz initrd; do
  grep -Eq "RRQ +/?$file -> .*, as in the tree" "$scratch/story" || die "$file did not come whole"
done
