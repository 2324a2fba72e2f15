# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of one side: python -m sandbox.server, started by process.py.

Prints one line of JSON with its ports when it answers. With --owned it ends with the process that
started it: when its standard input closes, or when it gets another parent.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import ssl
import sys
import threading
import time
from typing import Any

from .accounts import SIDES
from .listener import Listener
from .settings import Settings


def main() -> None:
    options = _parse()
    threading.Thread(target=_watch_owner, args=(options.owned,), daemon=True).start()
    from .store import ENVIRONMENT

    # moto's own variables would change what it does; an account of its own is given per request.
    for name in [name for name in os.environ if name.startswith(("MOTO_", "S3_", "AWS_"))]:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)
    from .control import Control, Peer
    from .side import Side

    peer = Peer()
    finished = threading.Event()
    control = Control(peer, finished.set)
    settings = Settings().changed(json.loads(options.settings))
    side = Side(options.side, options.nonce, settings, peer.send)
    control.side = side
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    try:
        listeners = {
            "s3": Listener(options.s3_port, "s3", side.answer, tls),
            "iam": Listener(options.iam_port, "iam", side.answer, tls),
            "control": Listener(0, "s3", control.answer),
        }
    except OSError as error:
        ports = f"{options.s3_port}, {options.iam_port}"
        print(json.dumps({"error": f"{options.side}: ports {ports} cannot be used: {error}"}))
        sys.exit(1)
    control.services = {name: listeners[name] for name in ("s3", "iam")}
    for listener in listeners.values():
        listener.run()
    print(json.dumps({name: listener.port for name, listener in listeners.items()}), flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: finished.set())
    finished.wait()
    sys.stdout.flush()
    os._exit(0)


def _parse() -> Any:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=SIDES, required=True)
    parser.add_argument("--nonce", required=True)
    parser.add_argument("--settings", default="{}", help="JSON")
    parser.add_argument("--s3-port", type=int, default=0)
    parser.add_argument("--iam-port", type=int, default=0)
    parser.add_argument("--certificate", help="file with certificate and key, for TLS")
    parser.add_argument("--owned", action="store_true")
    return parser.parse_args()


def _watch_owner(owned: bool) -> None:
    """Ends the process when its owner is gone, however that went."""
    parent = os.getppid()
    while owned and os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], 1.0)
        if readable and not os.read(sys.stdin.fileno(), 1):
            break
        if readable:
            time.sleep(0.1)
    if owned:
        os._exit(0)


if __name__ == "__main__":
    main()
