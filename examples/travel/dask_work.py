"""Work on a cluster of Dask's, each piece with the tenant of who submitted it."""

from __future__ import annotations

from dask.distributed import Client, LocalCluster

from inscope import Var
from inscope.travel.dask import travelling

tenant: Var[str] = Var("tenant", wire=str, travels_to={"dask"})


def total(numbers: list[int]) -> str:
    """Return what a worker says."""
    return f"{tenant.get()}: {sum(numbers)}"


if __name__ == "__main__":
    with (
        LocalCluster(n_workers=2, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        with tenant.bind("acme"):
            acme = client.submit(travelling(total), [1, 2, 3])
        with tenant.bind("duck"):
            duck = client.submit(travelling(total), [1, 2, 3])
        print(acme.result(), duck.result(), sep="; ")
