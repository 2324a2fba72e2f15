# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation as a site of HTML pages: guides, and a page for each module, role and filter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devtools.gates import Step, tool
from devtools.places import CACHE, NAME, NAMESPACE

SETTINGS = Path(__file__).with_name("site")
PAGES = CACHE / "docsite" / "rst"
HTML = CACHE / "docsite" / "html"


def site_steps() -> Iterable[Step]:
    """Write the pages, then make HTML of them; a warning is a failure."""
    # antsibull-docs writes to nothing that others may write to.
    PAGES.mkdir(parents=True, exist_ok=True)
    PAGES.chmod(0o755)
    yield tool(
        "antsibull-docs",
        "collection",
        "--use-current",
        "--squash-hierarchy",
        "--fail-on-error",
        "--cleanup=everything",
        f"--dest-dir={PAGES}",
        f"{NAMESPACE}.{NAME}",
        closing=None,
    )
    yield tool(
        "sphinx-build",
        "--quiet",
        "--fresh-env",
        "--fail-on-warning",
        "--keep-going",
        f"--conf-dir={SETTINGS}",
        str(PAGES),
        str(HTML),
        closing=None,
    )
