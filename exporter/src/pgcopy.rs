//! Kept pairs as bytes for `COPY job_fit_scores FROM STDIN (FORMAT binary)`. No I/O.

use crate::{chunk::NightOut, diff::NewRow, error::Error};
use arrow::array::{Array, AsArray, ListArray};
use talvix_pg::copy::CopyEncoder;
use uuid::Uuid;

/// The columns that a row is sent with, in this order.
pub const COLUMNS: &str = "id, user_id, job_id, fit_score, fit_label, recommendation, fit_reasons, \
     missing_skills, strengths, is_full_score, week_number, year_number, expires_at, created_at";

const NUM_COLUMNS: u16 = 14;

/// Appends a row. `now_us` is when a row that replaces none is created.
pub fn encode(
    encoder: &mut CopyEncoder,
    out: &NightOut<'_>,
    row: &NewRow<'_>,
    now_us: i64,
) -> Result<(), Error> {
    let NewRow { user_id, rows, at, replaces } = *row;
    // Time-ordered ids fill the primary key's pages one after the other.
    let (id, created_at_us) = replaces.unwrap_or_else(|| (Uuid::now_v7().into_bytes(), now_us));
    encoder.begin_row(NUM_COLUMNS);
    encoder.uuid(id);
    encoder.uuid(user_id);
    encoder.uuid(out.jobs.id[rows.job[at].ix()]);
    encoder.int4(i32::from(rows.fit_score[at]));
    encoder.text(rows.fit_label[at])?;
    encoder.text(rows.recommendation[at])?;
    for list in [&rows.fit_reasons, &rows.missing_skills, &rows.strengths] {
        text_array(encoder, list, at)?;
    }
    encoder.bool(rows.is_full_score[at]);
    encoder.int4(i32::from(out.week.week));
    encoder.int4(i32::from(out.week.year));
    encoder.timestamptz(out.expires_at_us());
    encoder.timestamptz(created_at_us);
    Ok(())
}

fn text_array(encoder: &mut CopyEncoder, lists: &ListArray, at: usize) -> Result<(), Error> {
    if lists.is_null(at) {
        encoder.null();
        return Ok(());
    }
    let texts = lists.values().as_string::<i32>();
    let offsets = lists.value_offsets();
    let range = offsets[at] as usize..offsets[at + 1] as usize;
    Ok(encoder.text_array(range.map(|text| texts.value(text)))?)
}
