//! What the validator refuses, and where.
