//! Sockets, TLS, clock, configuration and wiring: the loopgate gateway.
