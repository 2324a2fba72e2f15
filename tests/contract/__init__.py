# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server does, stated once: the sandbox, the fakes, the benchmarks' stub and real servers answer alike.

`@contract(topic)` says what a test is about. Each imitation names the topics that it claims to imitate, in
servers.py, and is tested on all of those; the sandbox and real servers claim everything.
"""
