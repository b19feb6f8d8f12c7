"""Beyond one machine: a Dask cluster that only scores, folders shared with it, and object stores."""
