//! An independent second computation of a night, with polars.
