#!/usr/bin/env bash
# Says where the journal lies and under which key it is cached. Whoever can write the journal decides what counts as
# scanned, so a file of the checkout is refused, and each branch and pull request has a cache of its own.
set -uo pipefail

fail() {
  printf '::error title=scanpoll action::%s\n' "$1"
  exit 2
}

journal="${INPUT_JOURNAL:-}"
case "$journal" in
  *$'\n'* | *$'\r'*) fail "the input journal must be one line" ;;
  -*) fail "the input journal must not begin with a dash" ;;
esac

file=""
if [[ "$journal" =~ ^[A-Za-z][A-Za-z0-9+.-]+: ]]; then
  # An address with a password goes into SCANPOLL_JOURNAL; what this one means is scanpoll's to say.
  [[ "$journal" =~ ^([Ff][Ii][Ll][Ee]): ]] && fail "the input journal must be a path, memory: or postgres://..."
elif [[ -n "$journal" && "$journal" != :memory: ]]; then
  [[ "$journal" =~ [][*?!~] || "/$journal/" == */../* ]] && fail "the input journal must be a path without .. and wildcards"
  case "$journal" in
    /* | [A-Za-z]:[/\\]*) file="$journal" ;;
    *) file="${RUNNER_TEMP:-/tmp}/$journal" ;;
  esac
fi

if [[ -n "$file" ]]; then
  # Only folders that are made here are made private; the rights of others stay as they are.
  (umask 077 && mkdir -p -- "$(dirname -- "$file")") || fail "the folder of the journal cannot be made"
  folder="$(cd -P -- "$(dirname -- "$file")" && pwd -P)" || fail "the folder of the journal cannot be entered"
  if [[ -n "${GITHUB_WORKSPACE:-}" ]]; then
    checkout="$(cd -P -- "$GITHUB_WORKSPACE" && pwd -P)" || fail "the workspace cannot be entered"
    case "$folder/" in
      "$checkout"/*) fail "the journal must not lie in the checkout, where a pull request could write it" ;;
    esac
  fi
  command -v cygpath > /dev/null && folder="$(cygpath -m "$folder")"
  file="$folder/$(basename -- "$file")"
  [[ -L "$file" ]] && fail "the journal must not be a link"
  journal="$file"
fi

# Names of branches may hold what a key may not.
sum() { if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi; }
key="$(printf '%s' "${CACHE_OF:-}" | sum | cut -c 1-40)" || fail "there is no program for sha256"
printf 'journal=%s\nfile=%s\nkey=scanpoll-%s\n' "$journal" "$file" "$key" >> "$GITHUB_OUTPUT"
