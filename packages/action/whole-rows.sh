#!/usr/bin/env bash
# whole-rows.sh FILE BYTES: the Markdown of a report in at most BYTES bytes, cut between lines, with what was left out.
set -uo pipefail
LC_ALL=C awk -v most="$(($2 - 200))" '
  !cut && size + length($0) + 1 > most { cut = 1 }
  cut { if ($0 ~ /^\| \*\*/) left++; next }
  { size += length($0) + 1; print }
  END {
    if (!cut) exit
    if (left > 0) printf "\n%d more rows are in the report of the run.\n", left
    else print "\nThe rest did not fit here and is in the report of the run."
  }' "$1"
