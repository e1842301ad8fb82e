//! Connecting to PostgreSQL as libpq does, its errors without row contents, and the schema.
