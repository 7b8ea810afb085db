//! One promise to a user per file.

mod round_trip;
