//! The texts that paid users read, as lists beside each kept pair.

use polars::prelude::*;

use crate::jobs::Jobs;
use crate::pairs::pair_skills;
use crate::users::Users;
use crate::{left, sort};

/// The kept pairs, in their order, with `fit_reasons`, `missing_skills` and `strengths`: null where
/// there is nothing to say and for free users.
pub(crate) fn explained(kept: LazyFrame, users: &Users, jobs: &Jobs) -> PolarsResult<DataFrame> {
    let paid = kept.clone().filter(col("pays"));
    let skills = pair_skills(paid.clone(), users, jobs);
    let has = col("has").fill_null(lit(false));
    let missing = skills.clone().filter(col("required").and(has.clone().not()));
    let missing = listed(missing, &["-weight", "skill"], "skill", 10, "missing_skills");
    let strengths = listed(skills.filter(has), &["-weight", "skill"], "skill", 5, "strengths");
    let reasons = listed(reasons(&paid)?, &["nth"], "reason", 5, "fit_reasons");

    let on = ["user", "job"];
    let kept = kept.with_row_index("nth", None);
    sort(left(left(left(kept, missing, &on), strengths, &on), reasons, &on), &["nth"]).collect()
}

/// Per pair, the first `num` of a column in the order of others.
fn listed(frame: LazyFrame, order: &[&str], what: &str, num: usize, name: &str) -> LazyFrame {
    let by = [&["user", "job"], order].concat();
    sort(frame, &by)
        .group_by_stable([col("user"), col("job")])
        .agg([col(what).head(Some(num)).alias(name)])
}

/// `user`, `job`, `nth`, `reason`: every sentence that is true of a pair.
fn reasons(paid: &LazyFrame) -> PolarsResult<LazyFrame> {
    let text = |text: &str| lit(text.to_owned());
    let whole = |number: Expr| number.cast(DataType::String);
    let band = when(col("hi").gt_eq(lit(400_i64)))
        .then(tenths(col("lo")) + text("+"))
        .otherwise(tenths(col("lo")) + text("–") + tenths(col("hi")));
    let sentences = [
        (
            col("num_covered").gt(lit(0_i64)),
            text("Covers ")
                + whole(col("num_covered"))
                + text(" of ")
                + whole(col("num_required"))
                + text(" required skills"),
        ),
        (
            col("lo").lt_eq(col("years")).and(col("years").lt_eq(col("hi"))),
            tenths(col("years"))
                + text(" years of experience fits the ")
                + band
                + text(" year band"),
        ),
        (
            col("expected").gt(lit(0_i64)).and(col("listed").gt_eq(col("expected"))),
            text("Offers ₹")
                + hundredths(col("listed"))
                + text(" LPA against ₹")
                + hundredths(col("expected"))
                + text(" LPA expected"),
        ),
        (
            col("remote").or(col("in_city")),
            when(col("remote")).then(text("Remote")).otherwise(text("In ") + col("city")),
        ),
        (col("dream"), text("Dream company")),
    ];
    let frames: Vec<_> = (sentences.into_iter().zip(0_i64..))
        .map(|((holds, reason), nth)| {
            paid.clone().filter(holds).select([
                col("user"),
                col("job"),
                lit(nth).alias("nth"),
                reason.alias("reason"),
            ])
        })
        .collect();
    concat(frames, UnionArgs::default())
}

/// 45 is `4.5`, 40 is `4`.
fn tenths(number: Expr) -> Expr {
    let rest = number.clone() % lit(10_i64);
    let end = when(rest.clone().eq(lit(0_i64)))
        .then(lit(""))
        .otherwise(lit(".") + rest.cast(DataType::String));
    (number / lit(10_i64)).cast(DataType::String) + end
}

/// 1855 is `18.55`, 1850 is `18.5`, 1805 is `18.05`, 1800 is `18`.
fn hundredths(number: Expr) -> Expr {
    let rest = number.clone() % lit(100_i64);
    let end = when(rest.clone().eq(lit(0_i64)))
        .then(lit(""))
        .when((rest.clone() % lit(10_i64)).eq(lit(0_i64)))
        .then(lit(".") + (rest.clone() / lit(10_i64)).cast(DataType::String))
        .when(rest.clone().lt(lit(10_i64)))
        .then(lit(".0") + rest.clone().cast(DataType::String))
        .otherwise(lit(".") + rest.cast(DataType::String));
    (number / lit(100_i64)).cast(DataType::String) + end
}
