//! How jobs, users and kept pairs fall on role families, cities and markets.

use std::collections::HashMap;
use talvix_report::night::{Market, Share};

/// Where everybody who looks for a role may be matched.
const REMOTE: &str = "remote";

/// Neither remote nor with a city: only who named no city is matched there.
const NOWHERE: &str = "-";

/// Jobs, users, kept pairs.
type Triple = [u64; 3];

/// Counted job by job and user by user.
#[derive(Debug, Default)]
pub struct Shares {
    roles: HashMap<String, Triple>,
    cities: HashMap<String, Triple>,
    markets: HashMap<(String, String), Triple>,
}

impl Shares {
    /// Adds a job of a market.
    pub fn add_job(&mut self, role: &str, city: &str, kept: u64) {
        for (at, number) in [(0, 1), (2, kept)] {
            add(&mut self.roles, role, at, number);
            add(&mut self.cities, city, at, number);
            self.add_market(role, city, at, number);
        }
    }

    /// Adds a user who looks for these roles in these cities.
    pub fn add_user(&mut self, roles: &[&str], cities: &[&str]) {
        let beside = if cities.is_empty() { NOWHERE } else { REMOTE };
        let mut places: Vec<&str> = cities.to_vec();
        places.extend([REMOTE, beside]);
        places.sort_unstable();
        places.dedup();
        for place in &places {
            add(&mut self.cities, place, 1, 1);
        }
        for role in roles {
            add(&mut self.roles, role, 1, 1);
            for place in &places {
                self.add_market(role, place, 1, 1);
            }
        }
    }

    fn add_market(&mut self, role: &str, city: &str, at: usize, number: u64) {
        let market = (role.to_owned(), city.to_owned());
        self.markets.entry(market).or_default()[at] += number;
    }

    /// Role families and cities, most kept pairs first, and markets by name.
    pub fn finish(self) -> (Vec<Share>, Vec<Share>, Vec<Market>) {
        let mut markets: Vec<Market> = self
            .markets
            .into_iter()
            .map(|((role_family, city), [jobs, users, kept])| Market {
                role_family,
                city,
                jobs,
                users,
                kept,
            })
            .collect();
        markets.sort_unstable_by(|a, b| (&a.role_family, &a.city).cmp(&(&b.role_family, &b.city)));
        (shares(self.roles), shares(self.cities), markets)
    }
}

fn add(shares: &mut HashMap<String, Triple>, name: &str, at: usize, number: u64) {
    // A name is looked up before it is made: most come many times.
    if let Some(share) = shares.get_mut(name) {
        share[at] += number;
    } else {
        let mut share = Triple::default();
        share[at] = number;
        shares.insert(name.to_owned(), share);
    }
}

fn shares(shares: HashMap<String, Triple>) -> Vec<Share> {
    let mut shares: Vec<Share> = shares
        .into_iter()
        .map(|(name, [jobs, users, kept])| Share { name, jobs, users, kept })
        .collect();
    shares.sort_unstable_by(|a, b| b.kept.cmp(&a.kept).then_with(|| a.name.cmp(&b.name)));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_jobs_users_and_pairs_by_hand() {
        let mut shares = Shares::default();
        shares.add_job("qa", "pune", 2);
        shares.add_job("qa", "remote", 0);
        shares.add_user(&["qa", "dev"], &["pune"]);
        shares.add_user(&["qa"], &[]);
        let (roles, cities, markets) = shares.finish();
        let share =
            |name: &str, jobs, users, kept| Share { name: name.to_owned(), jobs, users, kept };
        assert_eq!(roles, [share("qa", 2, 2, 2), share("dev", 0, 1, 0)]);
        let expected = [share("pune", 1, 1, 2), share("-", 0, 1, 0), share("remote", 1, 2, 0)];
        assert_eq!(cities, expected);
        let found: Vec<_> =
            markets.iter().map(|m| (&*m.role_family, &*m.city, m.jobs, m.users, m.kept)).collect();
        let expected = [
            ("dev", "pune", 0, 1, 0),
            ("dev", "remote", 0, 1, 0),
            ("qa", "-", 0, 1, 0),
            ("qa", "pune", 1, 1, 2),
            ("qa", "remote", 1, 2, 0),
        ];
        assert_eq!(found, expected);
    }
}
