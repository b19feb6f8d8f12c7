"""Past one machine: a Dask cluster that only scores, folders that it shares with this machine, and object stores."""
