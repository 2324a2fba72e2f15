# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two S3+IAM environments with a replicator between them, on loopback, on top of moto.

from sandbox import Sandbox

with Sandbox() as sandbox:
    sandbox.source.client("s3").list_buckets()
"""

from __future__ import annotations

from .client import Sandbox, SandboxSide
from .process import SandboxError

__all__ = ["Sandbox", "SandboxError", "SandboxSide"]
