"""Bulgarian relatives of the Datecs protocol: Datecs P, Datecs X, Daisy, each its own dialect."""
