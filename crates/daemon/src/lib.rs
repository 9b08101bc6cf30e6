//! What both daemons share: log, admin server, Lease, shutdown, back-off, metrics registry
