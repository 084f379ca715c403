#!/usr/bin/env bash
# The scan step of the action: inputs come as INPUT_ variables, results go to GITHUB_OUTPUT and GITHUB_STEP_SUMMARY.
#
# It ends with 0 whatever the scans said, so that the steps after it run; the last step of the action ends with the
# exit code. Keys are read by scanpoll from the environment and never stand in an argument.
set -uo pipefail

fail() {
  printf '::error title=scanpoll action::%s\n' "$1"
  printf 'exit-code=2\npassed=false\n' >> "$GITHUB_OUTPUT"
  exit 2
}

# What a workflow gives may come from a pull request: a line break would be a second output, a dash a flag.
plain() {
  case "$2" in
    *$'\n'* | *$'\r'*) fail "the input $1 must be one line" ;;
    -*) fail "the input $1 must not begin with a dash" ;;
  esac
}

for name in PLAN FAIL_ON FAIL_ON_NEW BASELINE TIMEOUT MAX_PURCHASES SARIF JSON JOURNAL WORKING_DIRECTORY VERSION; do
  input="INPUT_$name"
  label="$(printf '%s' "$name" | tr 'A-Z_' 'a-z-')"
  plain "$label" "${!input:-}"
done

# A version or a tag, and nothing else that npm would fetch: no address, no folder, no other package.
[[ "${INPUT_VERSION:-}" =~ ^[0-9A-Za-z][0-9A-Za-z.+-]*$ ]] || fail "the input version must be a version or a tag, such as 0.1.0"
[[ -n "${INPUT_JSON:-}" ]] || fail "the input json must name a file"

tool="${RUNNER_TEMP:-/tmp}/scanpoll-$INPUT_VERSION"
npm install --prefix "$tool" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error -- "scanpoll@$INPUT_VERSION" \
  || fail "scanpoll@$INPUT_VERSION cannot be installed from the registry"
scanpoll() { "$tool/node_modules/.bin/scanpoll" "$@"; }

words=()
[[ -n "${INPUT_PLAN:-}" ]] && words+=("$INPUT_PLAN")
while IFS= read -r line; do
  line="${line%$'\r'}"
  [[ -z "${line//[[:space:]]/}" ]] && continue
  plain targets "$line"
  words+=("$line")
done <<< "${INPUT_TARGETS:-}"
((${#words[@]} > 0)) || fail "there is nothing to scan: neither plan nor targets"

flags=(--output text "--output=json=$INPUT_JSON")
[[ -n "${INPUT_SARIF:-}" ]] && flags+=("--output=sarif=$INPUT_SARIF")
while IFS= read -r line; do
  line="${line%$'\r'}"
  [[ -z "${line//[[:space:]]/}" ]] && continue
  [[ "$line" == *=?* ]] || fail "the input outputs has a line that is not FORMAT=FILE"
  flags+=("--output=$line")
done <<< "${INPUT_OUTPUTS:-}"
[[ -n "${INPUT_FAIL_ON:-}" ]] && flags+=("--fail-on=$INPUT_FAIL_ON")
[[ -n "${INPUT_FAIL_ON_NEW:-}" ]] && flags+=("--fail-on-new=$INPUT_FAIL_ON_NEW")
[[ -n "${INPUT_BASELINE:-}" ]] && flags+=("--baseline=$INPUT_BASELINE")
[[ -n "${INPUT_TIMEOUT:-}" ]] && flags+=("--timeout=$INPUT_TIMEOUT")
[[ -n "${INPUT_MAX_PURCHASES:-}" ]] && flags+=("--max-purchases=$INPUT_MAX_PURCHASES")
# A word that is neither must not leave the plan trusted.
case "${INPUT_UNTRUSTED_PLAN:-}" in
  true | false) flags+=("--untrusted-plan=$INPUT_UNTRUSTED_PLAN") ;;
  "") ;;
  *) fail "the input untrusted-plan must be true or false" ;;
esac
place="$(GITHUB_OUTPUT=/dev/stdout bash "$GITHUB_ACTION_PATH/journal.sh")" || {
  printf '%s\n' "$place"
  printf 'exit-code=2\npassed=false\n' >> "$GITHUB_OUTPUT"
  exit 2
}
journal="$(sed -n 's/^journal=//p' <<< "$place")"
[[ -n "$journal" ]] && flags+=("--journal=$journal")

# A report of an earlier run is not taken for one of this.
rm -f -- "$INPUT_JSON" "${INPUT_SARIF:-}"

# Cancelling a job interrupts this shell alone: the run is told, and has its moment to write the report.
set -m
code=0
"$tool/node_modules/.bin/scanpoll" run "${flags[@]}" -- "${words[@]}" &
child=$!
trap 'kill -INT "$child" 2> /dev/null' INT
# 7.5 s later, to this shell alone again: not the same signal, which would end the run without its report.
trap 'kill -TERM "$child" 2> /dev/null' TERM
wait "$child" || code=$?
while kill -0 "$child" 2> /dev/null; do
  wait "$child"
  code=$?
done
trap - INT TERM
set +m
# What went wrong stands in the log alone; the page of the run shows that something did.
[[ -f "$INPUT_JSON" ]] || printf '::error title=scanpoll action::the run ended with exit code %s and left no report; the log of this step says why\n' "$code"

from_workspace() {
  case "$INPUT_WORKING_DIRECTORY" in
    "" | .) printf '%s' "$1" ;;
    *) case "$1" in /*) printf '%s' "$1" ;; *) printf '%s/%s' "${INPUT_WORKING_DIRECTORY%/}" "$1" ;; esac ;;
  esac
}
INPUT_WORKING_DIRECTORY="${INPUT_WORKING_DIRECTORY:-.}"

passed=false
((code == 0)) && passed=true
{
  printf 'exit-code=%s\npassed=%s\n' "$code" "$passed"
  [[ -f "$INPUT_JSON" ]] && printf 'json=%s\n' "$(from_workspace "$INPUT_JSON")"
  [[ -n "${INPUT_SARIF:-}" && -f "$INPUT_SARIF" ]] && printf 'sarif=%s\n' "$(from_workspace "$INPUT_SARIF")"
} >> "$GITHUB_OUTPUT"

if [[ -f "$INPUT_JSON" ]]; then
  # The report that is there is told again; its exit code has been kept already.
  markdown="${RUNNER_TEMP:-/tmp}/scanpoll-$$.md"
  formats=("--output=markdown=$markdown")
  [[ "${INPUT_ANNOTATIONS:-}" == true ]] && formats+=(--output=github)
  scanpoll report --quiet "${formats[@]}" -- "$INPUT_JSON" || true
  if [[ -f "$markdown" ]]; then
    # GitHub drops a summary above 1 MiB as a whole.
    [[ "${INPUT_SUMMARY:-}" == true ]] &&
      bash "${BASH_SOURCE[0]%/*}/whole-rows.sh" "$markdown" 900000 >> "$GITHUB_STEP_SUMMARY"
    printf 'markdown=%s\n' "$markdown" >> "$GITHUB_OUTPUT"
  fi
fi
exit 0
