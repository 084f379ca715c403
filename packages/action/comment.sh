#!/usr/bin/env bash
# The comment step of the action: writes the report under a pull request, over the comment of the run before it.
set -uo pipefail

name="${COMMENT_NAME:-}"
[[ "$name" =~ ^[0-9A-Za-z_-]{0,64}$ ]] || {
  printf '::warning title=scanpoll action::%s\n' 'no comment is written: comment-name must have letters, digits, - and _'
  exit 0
}
marker="<!-- scanpoll${name:+ $name} -->"
[[ "${COMMENT_NUMBER:-}" =~ ^[0-9]+$ ]] || exit 0

body="${RUNNER_TEMP:-/tmp}/scanpoll-comment-$$.md"
# A comment holds 65 536 characters; the page of the run and the files hold the rest.
{
  printf '%s\n' "$marker"
  bash "${BASH_SOURCE[0]%/*}/whole-rows.sh" "$COMMENT_FILE" 60000
} > "$body"

comments="repos/$GITHUB_REPOSITORY/issues/$COMMENT_NUMBER/comments"
# Anyone may write a comment that begins with the marker: only one of the token's own bot or user is written over.
me="$(gh api graphql -f 'query={ viewer { login } }' --jq .data.viewer.login)" || me=""
rows='.[] | [.id, .user.login, (.body | startswith("'"$marker"'"))] | @tsv'
mine=""
while [[ -n "$me" && -z "$mine" ]] && IFS=$'\t' read -r id author marked; do
  [[ "$author" == "$me" && "$marked" == true && "$id" =~ ^[0-9]+$ ]] && mine="$id"
done < <(gh api --paginate "$comments" --jq "$rows")
if [[ -n "$mine" ]]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$mine" -F "body=@$body"
else
  gh api --silent --method POST "$comments" -F "body=@$body"
fi || printf '::warning title=scanpoll action::%s\n' 'the comment could not be written; does the job have pull-requests: write?'
