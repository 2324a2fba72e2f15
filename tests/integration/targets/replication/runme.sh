#!/usr/bin/env bash
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets up replication between two sandbox environments, and once more: the second run must change nothing.
# Needs what requirements/sandbox.txt lists: ansible-test integration --local replication
set -euo pipefail

state="${OUTPUT_DIR}/sandbox"
export AWS_CONFIG_FILE="${state}/config" AWS_SHARED_CREDENTIALS_FILE="${state}/credentials"
export NO_PROXY=127.0.0.1 ANSIBLE_NOCOLOR=1 ANSIBLE_FORCE_COLOR=0
cd "${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/scality/backbeat" # ansible-test runs this in a copy

trap 'python -m sandbox stop --state "${state}"' EXIT
python -m sandbox start --state "${state}" --generation 2025 --delay 0.2
python - "${state}" <<'PYTHON'
import json, pathlib, sys
from sandbox.inventory import write_inventory
state = pathlib.Path(sys.argv[1])
write_inventory(state / "hosts.json", json.loads((state / "sandbox.json").read_text()))
PYTHON

for run in first second; do
    ansible-playbook -i "${state}/hosts.json" scality.backbeat.setup_replication "$@" | tee "${state}/${run}.log"
done
grep -E '^node1 .*changed=[1-9]' "${state}/first.log"
test "$(grep -cE '^node[16] .*changed=0 ' "${state}/second.log")" = 2
