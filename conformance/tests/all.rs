//! The runner held to its own promises.

mod table;
