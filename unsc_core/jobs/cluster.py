"""The Dask cluster that runs jobs: local with separate workers for each lane, or another one."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import distributed
from distributed.core import Status
from distributed.security import Security
from distributed.system import MEMORY_LIMIT

from unsc_core.errors import EngineError
from unsc_core.jobs.job import Job, Lane
from unsc_core.jobs.process import environment
from unsc_core.jobs.worker import run_job
from unsc_core.paths import home

CONNECT_TIMEOUT = "10s"
ENDED = (Status.closed, Status.failed)


@dataclass(frozen=True)
class Cluster:
    """A connection to the scheduler.

    Attributes:
        client: the connection.
        local: the cluster on this machine; None when the scheduler is another one.
    """

    client: Any
    local: Any = None

    def submit(self, job: Job) -> Any:
        """Queue a job; returns its future."""
        self.cancel_event(job).clear()
        if self.local is not None and job.lane is Lane.LONG:
            self.local.scale(1 + _long_workers())  # they start with the first long job
        return self.client.submit(
            run_job,
            job.kind,
            job.task,
            job.config.to_dict(),
            str(home()),
            job.lane.value,
            when_idle=self.local is not None and job.lane is Lane.LONG,
            key=job.task,
            priority=-job.turn,
            pure=False,
            resources=None if self.local is None else {job.lane.value: 1},
        )

    def cancel_event(self, job: Job) -> Any:
        """The event that asks a running job to stop."""
        return distributed.Event(f"cancel-{job.task}", client=self.client)

    def worker_pids(self) -> dict[str, int]:
        """Address -> process id of every local worker that runs."""
        nannies = tuple(self.local.workers.values()) if self.local is not None else ()
        return {n.worker_address: n.pid for n in nannies if n.worker_address and n.pid}

    def restart(self, worker: str) -> None:
        """Restart the worker at this address, and so end what it runs; nothing if it is gone."""
        with suppress(KeyError):  # what Dask raises for a worker that it does not know any more
            self.client.restart_workers([worker], timeout=30, raise_for_error=False)

    def reopen_lanes(self) -> None:
        """Start the workers anew that Dask has given up.

        It restarts a lost worker by itself, but not one that was lost again while it started.
        """
        if self.local is None:
            return
        workers = self.local.workers
        ended = [name for name, nanny in tuple(workers.items()) if nanny.status in ENDED]
        for name in ended:
            del workers[name]
        if ended:
            self.local.scale(len(self.local.worker_spec))

    def close(self) -> None:
        """Disconnect, and stop the workers of a local cluster."""
        self.client.close()
        if self.local is not None:
            self.local.close()


def connect(address: str) -> Cluster:
    """Use the scheduler at this address.

    Raises:
        EngineError: there is none.
    """
    try:
        return Cluster(distributed.Client(address, timeout=CONNECT_TIMEOUT, set_as_default=False))
    except (OSError, TimeoutError, ValueError) as error:
        raise EngineError(
            f"No Dask scheduler answers at {address} ({type(error).__name__}); start one there or "
            "unset UNSC_SCHEDULER."
        ) from None


def start() -> Cluster:
    """Start a scheduler and the short lane's worker, reachable from this process and its own alone.

    They listen on this machine only, and talk to none but those with a certificate that is made
    here and kept in memory: whoever reaches a scheduler can have it run anything.
    """
    dask.config.set(
        {
            "distributed.nanny.pre-spawn-environ": environment(_long_workers()),
            "distributed.scheduler.allowed-failures": 1,
            # else Dask closes a worker for good that is just being restarted after so many seconds
            "distributed.deploy.lost-worker-timeout": "1d",
            # else it takes every worker for lost when the clock is set forward, as after a sleep
            "distributed.scheduler.worker-ttl": None,
            "distributed.scheduler.http.routes": [],  # no dashboard pages on any port
        }
    )
    security = Security.temporary()
    address = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    address |= {"dashboard": False}
    scheduler = address | {"port": 0, "dashboard_address": "127.0.0.1:0"}
    local = distributed.SpecCluster(
        scheduler={"cls": distributed.Scheduler, "options": scheduler},
        workers={Lane.SHORT.value: _worker(address, Lane.SHORT)},
        worker=_worker(address, Lane.LONG),
        security=security,
        silence_logs=logging.CRITICAL,
    )
    return Cluster(distributed.Client(local, set_as_default=False), local)


def _worker(address: dict[str, Any], lane: Lane) -> dict[str, Any]:
    """Dask's specification of a lane's worker."""
    options = {
        "nthreads": 1,
        "memory_limit": MEMORY_LIMIT,
        "dashboard_address": None,
        "silence_logs": logging.CRITICAL,
        "resources": {lane.value: 1},
    }
    return {"cls": distributed.Nanny, "options": address | options}


def _long_workers() -> int:
    """One per GPU of this machine, found without loading torch; one where there is none."""
    return len(list(Path("/dev").glob("nvidia[0-9]*"))) or 1
