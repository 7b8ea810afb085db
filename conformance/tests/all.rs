//! The runner held to its own promises.

mod saboteur;
mod table;
