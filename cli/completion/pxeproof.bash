# bash completion for pxeproof. It asks the program itself, so that it never knows less or more than --help.
_pxeproof() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]}
  local verb=${COMP_WORDS[1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    local verbs
    verbs=$("$program" --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }')
    mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$current")
    return
  fi
  local help
  help=$("$program" "$verb" --help 2>/dev/null) || return
  case "$current" in
    -*)
      local options
      options=$(awk '/^  --/ { print $1 }' <<<"$help")
      mapfile -t COMPREPLY < <(compgen -W "$options -v -vv" -- "$current")
      return
      ;;
  esac
  local value
  value=$(awk -v option="$previous" '$1 == option && $2 ~ /^[A-Z]/ { print $2; exit }' <<<"$help")
  case "$value" in
    FAULTS)
      # The forms of the faults, one a candidate.
      local IFS=$'\n'
      mapfile -t COMPREPLY < <("$program" serve --fault list | awk '/^  [a-z]/ { print $1 }' | sort -u)
      mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}"$'\nlist' -- "$current")
      ;;
    IF) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$current") ;;
    PROFILE)
      mapfile -t COMPREPLY < <(compgen -W "$("$program" profile list 2>/dev/null | awk '{ print $1 }')" -- "$current")
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X '!*.toml' -- "$current")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}
complete -o filenames -F _pxeproof pxeproof
