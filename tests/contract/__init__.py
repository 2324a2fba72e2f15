# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract: the behaviour that the sandbox, the fakes, the benchmarks' stub and real servers have in common.

`@contract(topic)` sets the topic of a test. servers.py lists the topics that each imitation supports, and all tests of
these run on it. The sandbox and real servers support all topics.
"""
