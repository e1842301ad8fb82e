//! The jobs that users were scored with.

use super::{
    SnapshotRows,
    columns::{WordLists, ids, maybe_numbers, maybe_words, numbers, words},
};
use arrow::{
    array::{ArrayRef, BooleanArray, Float64Array, RecordBatch},
    error::ArrowError,
};
use std::{collections::HashMap, sync::Arc};
use talvix_engine::{
    columns::{JobColumns, Level},
    ids::{CityNo, JobNo, RoleNo},
};
use talvix_snapshot::sets::SCORED_JOBS;

/// The jobs in the order of their ids.
pub(super) fn by_id(jobs: &JobColumns) -> Vec<JobNo> {
    let mut numbers: Vec<JobNo> = jobs.numbers().collect();
    numbers.sort_unstable_by_key(|job| jobs.id[job.ix()]);
    numbers
}

/// How many jobs each market has tonight.
pub(super) fn num_jobs_by_market(jobs: &JobColumns) -> HashMap<(RoleNo, CityNo), u32> {
    let mut markets = HashMap::new();
    for market in jobs.role.iter().copied().zip(jobs.market_city.iter().copied()) {
        *markets.entry(market).or_default() += 1;
    }
    markets
}

/// The rows of some jobs.
pub(super) fn rows(
    night: &SnapshotRows<'_>,
    some: &[JobNo],
    markets: &HashMap<(RoleNo, CityNo), u32>,
) -> Result<RecordBatch, ArrowError> {
    let SnapshotRows { jobs, model, times_kept, best_score } = night;
    let at = || some.iter().map(|job| job.ix());
    let (mut required, mut nice_to_have) = (WordLists::new(), WordLists::new());
    for job in at() {
        let listed = jobs.skills.row(job);
        for (list, is_required) in [(&mut required, true), (&mut nice_to_have, false)] {
            let some = listed.iter().filter(|listed| listed.required() == is_required);
            list.push(some.map(|listed| jobs.skill_names.text(listed.skill().0)));
        }
    }
    let doubles = |values: &mut dyn Iterator<Item = Option<f64>>| -> ArrayRef {
        Arc::new(values.collect::<Float64Array>())
    };
    let tenths = |tenths: u16| f64::from(tenths) / 10.;
    let lpa = |hundredths: u32| f64::from(hundredths) / 100.;
    RecordBatch::try_new(
        SCORED_JOBS.schema(),
        vec![
            ids(at().map(|job| jobs.id[job])),
            words(at().map(|job| jobs.roles.text(jobs.role[job].0))),
            words(at().map(|job| jobs.cities.text(jobs.market_city[job].0))),
            maybe_words(at().map(|job| jobs.city[job].map(|city| jobs.cities.text(city.0)))),
            maybe_words(at().map(|job| jobs.mode[job].name())),
            maybe_words(at().map(|job| {
                Some(jobs.level[job]).filter(|level| *level != Level::Unspecified).map(Level::name)
            })),
            words(at().map(|job| jobs.companies.text(jobs.company[job].0))),
            Arc::new(at().map(|job| Some(jobs.is_new[job])).collect::<BooleanArray>()),
            doubles(&mut at().map(|job| jobs.band[job].map(|band| tenths(band.lo_tenths)))),
            doubles(&mut at().map(|job| jobs.band[job].map(|band| tenths(band.hi_tenths)))),
            doubles(&mut at().map(|job| jobs.salary_hundredths[job].map(lpa))),
            doubles(&mut at().map(|job| model.terms[job].offer_hundredths.map(lpa))),
            numbers(at().map(|job| {
                let market = (jobs.role[job], jobs.market_city[job]);
                markets.get(&market).copied().unwrap_or_default()
            })),
            numbers(at().map(|job| u32::from(model.terms[job].demand_bp))),
            required.finish(),
            nice_to_have.finish(),
            numbers(at().map(|job| times_kept[job])),
            maybe_numbers(
                at().map(|job| Some(u32::from(best_score[job])).filter(|score| *score > 0)),
            ),
        ],
    )
}
