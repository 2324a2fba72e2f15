# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of the tools to compare with: amazon.aws and the `aws` command, on the same ansible-core."""

from __future__ import annotations

import subprocess
from importlib.metadata import version

from devtools.environment import install
from devtools.places import CACHE

PEERS = CACHE / "bench" / "peers"
AWS = PEERS / "bin" / "aws"


def prepare_peers() -> None:
    """Create the environment if it is missing; takes half a minute."""
    core = version("ansible-core")
    # The package "ansible" contains amazon.aws.
    install(PEERS, ["ansible", f"ansible-core=={core}", "awscli", "boto3"])


def versions() -> dict[str, str]:
    """The versions of the compared tools."""
    question = (
        "import importlib.metadata as m, json; "
        "print(json.dumps({n: m.version(n) for n in ('ansible', 'ansible-core', 'awscli', 'boto3')}))"
    )
    command = [str(PEERS / "bin" / "python"), "-c", question]
    there = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    ours = {name: version(name) for name in ("ansible-core", "boto3")}
    return {"ours": str(ours), "peers": there.strip()}
