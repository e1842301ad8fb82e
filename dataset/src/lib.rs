//! A folder of Parquet files as a database: versions, locking, tolerant columns.
