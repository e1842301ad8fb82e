//! Rows that differ, written batch by batch as Parquet or CSV.

use crate::failure::{Failure, Status};
use fs_err as fs;
use polars::prelude::*;
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// What is between two texts of a list in CSV.
const LIST_SEPARATOR: &str = "; ";

/// A file of rows; it takes its name once it is complete.
pub struct RowsFile {
    path: PathBuf,
    temporary: PathBuf,
    form: Form,
    writer: Option<Writer>,
    /// Rows written so far.
    pub num_rows: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Parquet,
    Csv,
}

enum Writer {
    Parquet(Box<polars::io::parquet::write::BatchedWriter<File>>),
    Csv(polars::io::csv::write::BatchedWriter<File>),
}

impl RowsFile {
    /// A file that is yet to be written; its name says its form.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        let form = match path.extension().and_then(|extension| extension.to_str()) {
            Some("parquet") => Form::Parquet,
            Some("csv") => Form::Csv,
            _ => {
                return Err(Failure::usage(format!(
                    "--rows {}: expected a name that ends in .parquet or .csv",
                    path.display()
                )));
            }
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let temporary = path.with_file_name(name);
        Ok(RowsFile { path: path.to_owned(), temporary, form, writer: None, num_rows: 0 })
    }

    /// Writes rows; all calls bring the same columns, the first one perhaps without a row.
    pub fn write(&mut self, mut rows: DataFrame) -> Result<(), Failure> {
        if self.form == Form::Csv {
            rows = with_flat_lists(rows)?;
        }
        rows.align_chunks_par();
        self.num_rows += rows.height() as u64;
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.begin(rows.schema())?,
        };
        match self.writer.insert(writer) {
            Writer::Parquet(writer) => writer.write_batch(&rows)?,
            Writer::Csv(writer) => writer.write_batch(&rows)?,
        }
        Ok(())
    }

    fn begin(&self, schema: &Schema) -> Result<Writer, Failure> {
        let file = fs::File::create(&self.temporary).map_err(|error| {
            Failure::new(Status::Usage, error).context(format!("--rows {}", self.path.display()))
        })?;
        let file = file.into_parts().0;
        Ok(match self.form {
            Form::Parquet => Writer::Parquet(Box::new(ParquetWriter::new(file).batched(schema)?)),
            Form::Csv => Writer::Csv(CsvWriter::new(file).batched(schema)?),
        })
    }

    /// Completes the file and gives it its name; how many rows it has.
    pub fn finish(mut self) -> Result<u64, Failure> {
        match self.writer.take() {
            None => return Ok(0),
            Some(Writer::Parquet(writer)) => {
                writer.finish()?;
            }
            Some(Writer::Csv(mut writer)) => writer.finish()?,
        }
        fs::rename(&self.temporary, &self.path)?;
        Ok(self.num_rows)
    }
}

/// What was begun and not completed goes.
impl Drop for RowsFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// CSV has no lists: their texts in one.
fn with_flat_lists(rows: DataFrame) -> Result<DataFrame, Failure> {
    let lists: Vec<Expr> = rows
        .columns()
        .iter()
        .filter(|column| matches!(column.dtype(), DataType::List(_)))
        .map(|column| col(column.name().clone()).list().join(lit(LIST_SEPARATOR), true))
        .collect();
    if lists.is_empty() { Ok(rows) } else { Ok(rows.lazy().with_columns(lists).collect()?) }
}
