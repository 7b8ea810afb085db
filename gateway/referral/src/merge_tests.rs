//! Laws of merging persons.
