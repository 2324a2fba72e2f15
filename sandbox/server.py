# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of one environment: python -m sandbox.server, started by process.py.

Prints one line of JSON with its ports when it is ready. With --owned, it ends with the process that started it: when
its standard input closes, or when it gets another parent.
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

from .environments import SERVICES
from .listener import Listener
from .settings import Settings

#: The environment variables that moto needs at its import.
MOTO_ENVIRONMENT = {
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
}


def main() -> None:
    options = _parse()
    threading.Thread(target=_watch_owner, args=(options.owned,), daemon=True).start()
    # moto's own variables would change its behaviour; the account is set for each request.
    for name in [name for name in os.environ if name.startswith(("MOTO_", "S3_", "AWS_"))]:
        del os.environ[name]
    os.environ.update(MOTO_ENVIRONMENT)
    from .control import Control, Peers
    from .installation import Installation

    peers = Peers()
    finished = threading.Event()
    control = Control(peers, finished.set)
    settings = Settings().changed(json.loads(options.settings))
    here = Installation(options.environment, options.account, options.nonce, settings, peers.send)
    control.installation = here
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    try:
        listeners = {
            "s3": Listener(options.s3_port, "s3", here.answer, tls),
            "iam": Listener(options.iam_port, "iam", here.answer, tls),
            "backbeat": Listener(options.backbeat_port, "backbeat", here.answer),
            "control": Listener(0, "s3", control.answer),
        }
    except OSError as error:
        ports = ", ".join(str(getattr(options, f"{name}_port")) for name in SERVICES)
        reason = f"{options.environment}: ports {ports} cannot be used: {error}"
        print(json.dumps({"error": reason}))
        sys.exit(1)
    control.services = {name: listeners[name] for name in SERVICES}
    for name, listener in listeners.items():
        if name != "backbeat":
            listener.run()
    control.serve_backbeat()
    print(json.dumps({name: listener.port for name, listener in listeners.items()}), flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: finished.set())
    finished.wait()
    sys.stdout.flush()
    os._exit(0)


def _parse() -> Any:
    parser = argparse.ArgumentParser()
    parser.add_argument("--environment", required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--nonce", required=True)
    parser.add_argument("--settings", default="{}", help="JSON")
    for service in SERVICES:
        parser.add_argument(f"--{service}-port", type=int, default=0)
    parser.add_argument("--certificate", help="file with certificate and key, for TLS")
    parser.add_argument("--owned", action="store_true")
    return parser.parse_args()


def _watch_owner(owned: bool) -> None:
    """End the process when its owner has ended, for whatever reason."""
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
