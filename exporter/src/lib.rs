//! Writes kept pairs to PostgreSQL or a dataset directory.
