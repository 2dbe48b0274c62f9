"""A machine without a network, for every Python process that has this folder on its path.

Only this machine can be reached. Whatever else a process wants to reach is refused, as where there
is no route, and written to the file that UNSC_REACHED_OUT names.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Any

HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None, socket.gethostname())


def refuse(event: str, given: tuple[Any, ...]) -> None:
    """An audit hook, see https://docs.python.org/3/library/audit_events.html."""
    if event == "socket.getaddrinfo":
        host, is_sent = given[0], True
    elif event in ("socket.connect", "socket.sendto") and isinstance(given[1], tuple):
        # connecting a datagram socket sends nothing: so one learns one's own address
        host, is_sent = given[1][0], given[0].type != socket.SOCK_DGRAM or event != "socket.connect"
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host in HERE:
        return
    if is_sent:
        with Path(os.environ["UNSC_REACHED_OUT"]).open("a") as file:
            file.write(f"{event} {host}\n")
    raise OSError(f"no route to {host}: the network is off")


sys.addaudithook(refuse)
