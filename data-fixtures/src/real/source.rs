//! The two files, column by column. Text may be plain, large or a dictionary, numbers of any width.

use std::collections::HashSet;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type};
use fs_err::File;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Error;

/// A posting, as collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Posting {
    pub(super) source_id: String,
    pub(super) title: String,
    pub(super) company: Option<String>,
    pub(super) city_canonical: Option<String>,
    pub(super) work_mode: Option<String>,
    pub(super) employment_type: Option<String>,
    pub(super) exp_min_years: Option<f64>,
    pub(super) exp_max_years: Option<f64>,
    pub(super) salary_min_lpa: Option<f64>,
    pub(super) salary_max_lpa: Option<f64>,
    /// Days since 1970-01-01.
    pub(super) posted_at: Option<i32>,
    pub(super) skills: Vec<String>,
    pub(super) role_raw: Option<String>,
}

/// A resume, as collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Resume {
    pub(super) source_id: String,
    pub(super) category: Option<String>,
    pub(super) title: Option<String>,
    pub(super) experience_years: Option<f64>,
    pub(super) city: Option<String>,
    pub(super) skills: Vec<String>,
    pub(super) text: String,
}

/// The rows of `jobs.parquet`, in the order of the file.
pub(super) fn postings(path: &Path) -> Result<Vec<Posting>, Error> {
    read(path, |batch, postings| {
        let (ids, titles) = (batch.required("source_id")?, batch.required("title")?);
        let mut companies = batch.texts("company")?.into_iter();
        let mut cities = batch.texts("city_canonical")?.into_iter();
        let mut work_modes = batch.texts("work_mode")?.into_iter();
        let mut employment_types = batch.texts("employment_type")?.into_iter();
        let mut exp_mins = batch.numbers("exp_min_years")?.into_iter();
        let mut exp_maxs = batch.numbers("exp_max_years")?.into_iter();
        let mut salary_mins = batch.numbers("salary_min_lpa")?.into_iter();
        let mut salary_maxs = batch.numbers("salary_max_lpa")?.into_iter();
        let mut dates = batch.dates("posted_at")?.into_iter();
        let mut skills = batch.lists("skills")?.into_iter();
        let mut roles = batch.texts("role_raw")?.into_iter();
        for (source_id, title) in ids.into_iter().zip(titles) {
            postings.push(Posting {
                source_id,
                title,
                company: companies.next().flatten(),
                city_canonical: cities.next().flatten(),
                work_mode: work_modes.next().flatten(),
                employment_type: employment_types.next().flatten(),
                exp_min_years: exp_mins.next().flatten(),
                exp_max_years: exp_maxs.next().flatten(),
                salary_min_lpa: salary_mins.next().flatten(),
                salary_max_lpa: salary_maxs.next().flatten(),
                posted_at: dates.next().flatten(),
                skills: skills.next().unwrap_or_default(),
                role_raw: roles.next().flatten(),
            });
        }
        Ok(())
    })
    .and_then(|postings| unique(path, postings, |posting: &Posting| &posting.source_id))
}

/// The rows of `resumes.parquet`, in the order of the file.
pub(super) fn resumes(path: &Path) -> Result<Vec<Resume>, Error> {
    read(path, |batch, resumes| {
        let (ids, prose) = (batch.required("source_id")?, batch.required("text")?);
        let mut categories = batch.texts("category")?.into_iter();
        let mut titles = batch.texts("title")?.into_iter();
        let mut experiences = batch.numbers("experience_years")?.into_iter();
        let mut cities = batch.texts("city")?.into_iter();
        let mut skills = batch.lists("skills")?.into_iter();
        for (source_id, text) in ids.into_iter().zip(prose) {
            resumes.push(Resume {
                source_id,
                category: categories.next().flatten(),
                title: titles.next().flatten(),
                experience_years: experiences.next().flatten(),
                city: cities.next().flatten(),
                skills: skills.next().unwrap_or_default(),
                text,
            });
        }
        Ok(())
    })
    .and_then(|resumes| unique(path, resumes, |resume: &Resume| &resume.source_id))
}

fn read<T>(
    path: &Path,
    mut rows_of: impl FnMut(&Batch<'_>, &mut Vec<T>) -> Result<(), Error>,
) -> Result<Vec<T>, Error> {
    let unreadable = |source| Error::Parquet { path: path.to_owned(), source };
    let file = File::open(path).map_err(Error::Open)?.into_file();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let mut rows = Vec::new();
    let mut first_row = 0;
    for batch in reader.build().map_err(unreadable)? {
        let damaged = |source| Error::Rows { path: path.to_owned(), row: first_row, source };
        let columns = batch.map_err(damaged)?;
        rows_of(&Batch { path, first_row, columns: &columns }, &mut rows)?;
        first_row += columns.num_rows();
    }
    Ok(rows)
}

/// Ids become keys: two rows of one id would be one row of the database.
fn unique<T>(path: &Path, rows: Vec<T>, id: impl Fn(&T) -> &String) -> Result<Vec<T>, Error> {
    let mut seen = HashSet::new();
    match rows.iter().position(|row| !seen.insert(id(row))) {
        Some(row) => {
            Err(Error::Duplicate { path: path.to_owned(), row, id: id(&rows[row]).clone() })
        }
        None => Ok(rows),
    }
}

/// Some rows of a file, and where they are.
struct Batch<'a> {
    path: &'a Path,
    first_row: usize,
    columns: &'a RecordBatch,
}

impl Batch<'_> {
    fn column(
        &self,
        column: &'static str,
        expected: &'static str,
        as_type: &DataType,
    ) -> Result<ArrayRef, Error> {
        let array = self
            .columns
            .column_by_name(column)
            .ok_or_else(|| Error::Missing { path: self.path.to_owned(), column })?;
        let found = array.data_type();
        let mismatch = || Error::Type {
            path: self.path.to_owned(),
            column,
            expected,
            found: found.to_string(),
        };
        // Arrow would as gladly read a number out of a text, or a text out of a number.
        let fits = match as_type {
            DataType::Utf8 => found.is_string() || matches!(found, DataType::Dictionary(_, _)),
            DataType::Float64 => found.is_numeric(),
            DataType::Date32 => found.is_temporal(),
            _ => found.is_list(),
        } || found.is_null();
        if !fits {
            return Err(mismatch());
        }
        cast(array, as_type).map_err(|_| mismatch())
    }

    fn texts(&self, column: &'static str) -> Result<Vec<Option<String>>, Error> {
        let array = self.column(column, "text", &DataType::Utf8)?;
        Ok(array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
    }

    fn required(&self, column: &'static str) -> Result<Vec<String>, Error> {
        let texts = self.texts(column)?;
        let null = |row| Error::Null { path: self.path.to_owned(), column, row };
        let rows = texts.into_iter().enumerate();
        rows.map(|(row, text)| text.ok_or_else(|| null(self.first_row + row))).collect()
    }

    /// A single-precision number as the decimal that it was written as: 3.3, not 3.2999999523.
    fn numbers(&self, column: &'static str) -> Result<Vec<Option<f64>>, Error> {
        let array = self.column(column, "a number", &DataType::Float64)?;
        let single = matches!(
            self.columns.column_by_name(column).map(Array::data_type),
            Some(DataType::Float32)
        );
        let as_written = |number: f64| {
            if single { (number as f32).to_string().parse().unwrap_or(number) } else { number }
        };
        Ok(array.as_primitive::<Float64Type>().iter().map(|n| n.map(as_written)).collect())
    }

    fn dates(&self, column: &'static str) -> Result<Vec<Option<i32>>, Error> {
        let array = self.column(column, "a date", &DataType::Date32)?;
        Ok(array.as_primitive::<Date32Type>().iter().collect())
    }

    /// Nulls within a list are left out; a missing list is empty.
    fn lists(&self, column: &'static str) -> Result<Vec<Vec<String>>, Error> {
        let list = DataType::List(Field::new_list_field(DataType::Utf8, true).into());
        let array = self.column(column, "a list of texts", &list)?;
        let texts = |list: Option<ArrayRef>| match list {
            Some(list) => list.as_string::<i32>().iter().flatten().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        Ok(array.as_list::<i32>().iter().map(texts).collect())
    }
}
