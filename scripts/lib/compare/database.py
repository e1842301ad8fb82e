"""A PostgreSQL database, by COPY."""

import io

import polars as pl
import psycopg

PART_BYTES = 1 << 20


def read(connection: psycopg.Connection, query: str, **types: pl.DataType) -> pl.DataFrame:
    """The rows of a query, with the columns named and typed by `types`."""
    buffer = io.BytesIO()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy ({query}) to stdout (format csv)") as rows,
    ):
        for part in rows:
            buffer.write(part)
    buffer.seek(0)
    if not buffer.getbuffer().nbytes:
        return pl.DataFrame(schema=types)
    return pl.read_csv(buffer, has_header=False, schema=types)


def write(connection: psycopg.Connection, table: str, frame: pl.DataFrame) -> None:
    """Appends the rows of a frame to the columns of the table that are named alike."""
    columns = ", ".join(frame.columns)
    text = frame.write_csv(include_header=False).encode()
    into = f"copy {table} ({columns}) from stdin (format csv)"
    with connection.cursor() as cursor, cursor.copy(into) as rows:
        for start in range(0, len(text), PART_BYTES):
            rows.write(text[start : start + PART_BYTES])
