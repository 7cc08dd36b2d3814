"""Jobs of a pool of processes, each with the tenant of who submitted it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

from inscope import Var
from inscope.carry import carrying

tenant: Var[str] = Var("tenant", wire=str, travels_to={"process"})


def report(year: int) -> str:
    """Return what another process says."""
    return f"{tenant.get()}, {year}"


if __name__ == "__main__":
    with carrying(ProcessPoolExecutor(2)) as pool:
        with tenant.bind("acme"):
            print(*pool.map(report, [2025, 2026]), sep="; ")
        with tenant.bind("duck"):
            print(pool.submit(report, 2026).result())
