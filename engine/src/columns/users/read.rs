//! The tables that say who the users are, row by row into columns.

use super::super::{
    batch::{Batch, DoorError, Texts, text},
    numbers::{EXPECTED_SALARY, MAX_HUNDREDTHS, MAX_TENTHS, USER_EXPERIENCE, check},
};
use super::{Cursor, Tier, UserColumns};
use crate::{
    columns::{JobColumns, WorkMode, plain, without_nul},
    faults::Faults,
    ids::{CityNo, CompanyNo, RoleNo, UserNo, Uuid, uuid_text},
};
use arrow::{
    array::{Array, BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array},
    datatypes::{Int32Type, Int64Type, TimestampMicrosecondType, UInt32Type},
};
use std::collections::BTreeMap;

/// The most target roles that count for a user.
const MAX_TARGET_ROLES: usize = 5;

pub(super) fn push_users(
    batches: &[RecordBatch],
    jobs: &JobColumns,
    columns: &mut UserColumns,
    faults: &mut Faults,
) -> Result<(), DoorError> {
    let batches: Vec<_> = batches.iter().map(|batch| Batch::new("users", batch)).collect();
    let mut order: Vec<(Uuid, usize, usize)> = Vec::new();
    for (at, batch) in batches.iter().enumerate() {
        let ids = batch.ids("id")?;
        order.extend((0..batch.num_rows()).map(|row| (ids.get(row), at, row)));
    }
    order.sort_unstable();
    if order.len() >= u32::MAX as usize {
        return Err(DoorError::TooMany { table: "users" });
    }
    if let Some(pair) = order.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(DoorError::DuplicateId { table: "users", id: uuid_text(&pair[0].0) });
    }

    let batches = batches.into_iter().map(UserBatch::new).collect::<Result<Vec<_>, _>>()?;
    let mut unknown_tiers: BTreeMap<String, u64> = BTreeMap::new();
    for (id, at, row) in order {
        let batch = &batches[at];
        let tier = Tier::named(batch.tiers.value(row)).unwrap_or_else(|| {
            // Such as a tier that a newer release of the product brought in.
            let word: String = batch.tiers.value(row).chars().take(40).collect();
            *unknown_tiers.entry(word).or_default() += 1;
            Tier::Free
        });
        columns.id.push(id);
        columns.tier.push(tier);
        batch.push_wishes(row, &id, jobs, columns, faults);
        columns.fit_scores_stale.push(batch.fit_scores_stale.value(row));
        columns.awaits_dashboard.push(
            !batch.dashboard_ready.value(row)
                && !batch.skill_gap_stale.value(row)
                && !batch.career_intel_stale.value(row),
        );
        columns.row_version.push(batch.row_versions.value(row));
    }
    if unknown_tiers.is_empty() {
        return Ok(());
    }
    let found = unknown_tiers.iter().map(|(tier, count)| format!("`{tier}` ({count} users)"));
    Err(DoorError::UnknownTier { found: found.collect() })
}

/// The columns of a batch of users.
struct UserBatch<'a> {
    tiers: &'a StringArray,
    city: &'a StringArray,
    cities: Texts<'a>,
    modes: Texts<'a>,
    expected: &'a Int64Array,
    experience: &'a Int64Array,
    fit_scores_stale: &'a BooleanArray,
    skill_gap_stale: &'a BooleanArray,
    career_intel_stale: &'a BooleanArray,
    dashboard_ready: &'a BooleanArray,
    row_versions: &'a UInt32Array,
}

impl<'a> UserBatch<'a> {
    fn new(batch: Batch<'a>) -> Result<Self, DoorError> {
        Ok(UserBatch {
            tiers: batch.texts("tier")?,
            city: batch.nullable_texts("city_canonical")?,
            cities: batch.lists("cities_preferred")?,
            modes: batch.lists("work_modes_preferred")?,
            expected: batch.nullable_numbers::<Int64Type>("expected_salary_lpa")?,
            experience: batch.nullable_numbers::<Int64Type>("experience_years")?,
            fit_scores_stale: batch.bools("fit_scores_stale")?,
            skill_gap_stale: batch.bools("skill_gap_stale")?,
            career_intel_stale: batch.bools("career_intel_stale")?,
            dashboard_ready: batch.bools("dashboard_ready")?,
            row_versions: batch.numbers::<UInt32Type>("row_version")?,
        })
    }

    fn push_wishes(
        &self,
        row: usize,
        id: &Uuid,
        jobs: &JobColumns,
        columns: &mut UserColumns,
        faults: &mut Faults,
    ) {
        let cities: Vec<_> = text(self.city, row)
            .into_iter()
            .chain(self.cities.get(row).into_iter().flatten().flatten())
            .filter_map(plain)
            .collect();
        columns.has_city.push(!cities.is_empty());
        columns
            .cities
            .push(distinct(cities.iter().filter_map(|city| jobs.cities.get(city)).map(CityNo)));

        let mut modes = 0;
        for word in self.modes.get(row).into_iter().flatten().flatten().filter_map(plain) {
            match WorkMode::named(&word) {
                Some(mode) => modes |= mode.bit(),
                None => faults.add("work_mode_preferred_unknown", "user", id),
            }
        }
        columns.modes.push(modes);

        let number = |array: &Int64Array| array.is_valid(row).then(|| array.value(row));
        let who = ("user", id);
        let expected = check(number(self.expected), MAX_HUNDREDTHS, &EXPECTED_SALARY, faults, who);
        columns.expected_hundredths.push(expected.unwrap_or(0));
        let experience = check(number(self.experience), MAX_TENTHS, &USER_EXPERIENCE, faults, who);
        columns.experience_tenths.push(experience.map(|tenths| tenths as u16));
    }
}

/// Says who has a target role.
pub(super) fn push_roles(
    batches: &[RecordBatch],
    jobs: &JobColumns,
    columns: &mut UserColumns,
    faults: &mut Faults,
) -> Result<Vec<bool>, DoorError> {
    struct Target<'a> {
        user: UserNo,
        priority: i32,
        id: Uuid,
        family: &'a str,
    }
    let mut targets = Vec::new();
    let mut blank = Vec::new();
    for batch in batches {
        let batch = Batch::new("user_target_roles", batch);
        let ids = batch.ids("id")?;
        let users = batch.ids("user_id")?;
        let families = batch.texts("role_family")?;
        let priorities = batch.numbers::<Int32Type>("priority")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            let family = families.value(row);
            if plain(family).is_none() {
                blank.push(user);
                continue;
            }
            targets.push(Target {
                user,
                priority: priorities.value(row),
                id: ids.get(row),
                family,
            });
        }
    }
    // By user: which are the examples does not depend on the order in which rows arrive.
    blank.sort_unstable();
    for user in blank {
        faults.add("target_role_blank", "user", &columns.id[user.ix()]);
    }
    targets.sort_unstable_by_key(|target| (target.user, target.priority, target.id));

    let mut has_target_role = vec![false; columns.len()];
    let mut targets = targets.as_slice();
    for user in columns.numbers() {
        let (mine, rest) = targets.split_at(targets.partition_point(|target| target.user <= user));
        targets = rest;
        has_target_role[user.ix()] = !mine.is_empty();
        if mine.len() > MAX_TARGET_ROLES {
            faults.add("target_roles_above_five", "user", &columns.id[user.ix()]);
        }
        let counted = &mine[..mine.len().min(MAX_TARGET_ROLES)];
        columns.roles.push(distinct(
            counted
                .iter()
                .filter_map(|target| jobs.roles.get(&without_nul(target.family)))
                .map(RoleNo),
        ));
    }
    Ok(has_target_role)
}

pub(super) fn push_company_prefs(
    batches: &[RecordBatch],
    jobs: &JobColumns,
    columns: &mut UserColumns,
) -> Result<(), DoorError> {
    let mut prefs: Vec<(UserNo, CompanyNo, bool)> = Vec::new();
    for batch in batches {
        let batch = Batch::new("user_company_prefs", batch);
        let users = batch.ids("user_id")?;
        let companies = batch.texts("company_canonical")?;
        let kinds = batch.texts("pref_type")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            let Some(company) = jobs.companies.get(&without_nul(companies.value(row))) else {
                continue;
            };
            let blacklisted = match kinds.value(row) {
                "blacklist" => true,
                "dream" => false,
                _ => continue,
            };
            prefs.push((user, CompanyNo(company), blacklisted));
        }
    }
    prefs.sort_unstable();

    let mut prefs = prefs.as_slice();
    for user in columns.numbers() {
        let (mine, rest) = prefs.split_at(prefs.partition_point(|pref| pref.0 <= user));
        prefs = rest;
        let blacklist = distinct(mine.iter().filter(|pref| pref.2).map(|pref| pref.1));
        let dream = distinct(mine.iter().filter(|pref| !pref.2).map(|pref| pref.1));
        // Who is both is blacklisted.
        columns.dream.push(dream.into_iter().filter(|company| !blacklist.contains(company)));
        columns.blacklist.push(blacklist);
    }
    Ok(())
}

/// Says who has a primary resume that is parsed.
pub(super) fn push_resumes(
    batches: &[RecordBatch],
    columns: &mut UserColumns,
) -> Result<Vec<bool>, DoorError> {
    let mut has_resume = vec![false; columns.len()];
    columns.resume_version = vec![0; columns.len()];
    for batch in batches {
        let batch = Batch::new("resumes", batch);
        let users = batch.ids("user_id")?;
        let row_versions = batch.numbers::<UInt32Type>("row_version")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            has_resume[user.ix()] = true;
            columns.resume_version[user.ix()] = row_versions.value(row);
        }
    }
    Ok(has_resume)
}

pub(super) fn push_cursors(
    batches: &[RecordBatch],
    columns: &mut UserColumns,
) -> Result<(), DoorError> {
    columns.cursor = vec![None; columns.len()];
    for batch in batches {
        let batch = Batch::new("user_fit_score_cursors", batch);
        let users = batch.ids("user_id")?;
        let runs = batch.nullable_ids("last_scrape_run_id")?;
        let scored_at = batch.nullable_numbers::<TimestampMicrosecondType>("last_scored_at")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            columns.cursor[user.ix()] = Some(Cursor {
                last_scrape_run_id: runs.get_nullable(row),
                last_scored_at_us: scored_at.is_valid(row).then(|| scored_at.value(row)),
            });
        }
    }
    Ok(())
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}
