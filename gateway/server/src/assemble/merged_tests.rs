//! Two persons who are one, in everything that is decided on.
