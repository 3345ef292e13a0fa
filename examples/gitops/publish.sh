#!/usr/bin/env bash
# Publishes every manifest, and withdraws those whose files are gone since the commit that was published last.
#   publish.sh TOPIC MARKER
set -euo pipefail
topic=$1 marker=$2

git fetch --quiet --unshallow 2>/dev/null || true

for file in ingresses/*.yaml; do
  [ -e "$file" ] || continue
  echo "apply $file"
  gcloud pubsub topics publish "$topic" --message="$(cat "$file")"
done

# Without a marker nothing was published before, so nothing is withdrawn. Any other failure ends the build here: to take it
# for an absent marker would leave what was deleted serving for ever.
before=''
if gcloud storage ls "$marker" >/dev/null 2>&1; then before=$(gcloud storage cat "$marker"); fi

if [ -n "$before" ]; then
  # Not found after a rewritten history: then nothing is guessed.
  git cat-file -e "$before^{commit}" || { echo "Commit $before of $marker is not in this history: withdraw by hand what is gone, and write the right commit there." >&2; exit 1; }
  git diff --name-only --no-renames --diff-filter=D "$before" HEAD -- ingresses | while read -r file; do
    name=$(basename "$file" .yaml)
    echo "delete ${name%%.*}/${name#*.}"
    gcloud pubsub topics publish "$topic" --attribute="action=delete,namespace=${name%%.*},name=${name#*.}"
  done
fi

git rev-parse HEAD | gcloud storage cp - "$marker"
