//! The same night gives the same rows: on PostgreSQL, on a dataset directory and on anybody's
//! Parquet, for any number of threads and any size of chunks.

mod support;
