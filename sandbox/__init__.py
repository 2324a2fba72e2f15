# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments with S3 and IAM that replicate to each other, on loopback, based on moto.

from sandbox import Sandbox

with Sandbox() as sandbox:
    sandbox.source.client("s3").list_buckets()
"""

from __future__ import annotations

from .client import Sandbox, SandboxEnvironment
from .environments import Environment, mesh, pair
from .process import SandboxError

__all__ = ["Environment", "Sandbox", "SandboxEnvironment", "SandboxError", "mesh", "pair"]
