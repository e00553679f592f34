#!/usr/bin/env bash
# install_and_package.sh BUILD_DIRECTORY: cmake --install puts everything in its place, the Debian package holds the same, and the
# completion offers the verbs that the program has.
set -euo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work/installed cmake --install "$build" --prefix /usr >/dev/null
for file in bin/pxeproof share/man/man1/pxeproof.1 share/doc/pxeproof/README.md share/doc/pxeproof/copyright \
  share/bash-completion/completions/pxeproof share/zsh/vendor-completions/_pxeproof; do
  [ -s "$work/installed/usr/$file" ] || { echo "not installed: /usr/$file"; exit 1; }
done
program=$work/installed/usr/bin/pxeproof
"$program" --version

unit=$work/installed/usr/lib/systemd/system/pxeproof.service
grep -q '^ExecStart=/usr/bin/pxeproof serve ' "$unit" || { echo "the unit starts another program"; exit 1; }
if command -v systemd-analyze >/dev/null; then
  sed "s|/usr/bin/pxeproof|$program|" "$unit" >"$work/pxeproof.service"
  systemd-analyze verify --man=no "$work/pxeproof.service" || { echo "systemd refuses the unit"; exit 1; }
fi

# Every verb has its paragraph in the man page.
for verb in $("$program" --help | awk '/^  [a-z]/ { print $1 }'); do
  grep -qx "\.B $verb" docs/pxeproof.1 || { echo "docs/pxeproof.1 says nothing of $verb"; exit 1; }
done

# shellcheck source=/dev/null
. "$work/installed/usr/share/bash-completion/completions/pxeproof"
COMP_WORDS=("$program" se) COMP_CWORD=1
_pxeproof
[ "${COMPREPLY[*]}" = serve ] || { echo "completion of se: ${COMPREPLY[*]}"; exit 1; }
COMP_WORDS=("$program" boot --unt) COMP_CWORD=2
_pxeproof
[ "${COMPREPLY[*]}" = --until ] || { echo "completion of --unt: ${COMPREPLY[*]}"; exit 1; }

if command -v dpkg-shlibdeps >/dev/null; then
  (cd "$build" && cpack -B "$work" >/dev/null)
  dpkg-deb --contents "$work"/pxeproof_*.deb >"$work/contents"
  grep -q usr/bin/pxeproof "$work/contents"
  dpkg-deb --field "$work"/pxeproof_*.deb Depends
fi
