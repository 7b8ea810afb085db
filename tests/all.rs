//! Every story and every check of the house, in one binary.

mod harness;
mod stories;
mod tidy;
