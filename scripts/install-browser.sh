#!/usr/bin/env bash
# Chromium for the browser tests, from Debian's packages. For CI images; needs root.
set -euo pipefail
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-dejavu-core
