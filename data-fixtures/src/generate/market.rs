//! The made-up job market: families, cities, companies and skills, ranked.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::random::{Draw, Zipf};

/// Skills that exist at all, heads and tail.
pub(crate) const NUM_SKILLS: usize = 12_000;

/// `data/market.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cities: Vec<String>,
    common: Vec<String>,
    companies_first: Vec<String>,
    companies_second: Vec<String>,
    companies_third: Vec<String>,
    tail_first: Vec<String>,
    tail_second: Vec<String>,
    families: Vec<FamilyEntry>,
    spellings: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyEntry {
    name: String,
    title: String,
    pay: i64,
    skills: Vec<String>,
}

/// A role family.
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) title: String,
    /// Hundredths of an LPA at the middle level.
    pub(crate) pay: i64,
    /// Indices into the market's skills, most asked first.
    skills: Vec<usize>,
    ranks: Zipf,
}

pub(crate) struct Market {
    pub(crate) families: Vec<Family>,
    pub(crate) cities: Vec<String>,
    /// The forms of each skill; the first is the plain one.
    skills: Vec<Vec<String>>,
    common: Vec<usize>,
    company_words: [Vec<String>; 3],
    family_ranks: Zipf,
    city_ranks: Zipf,
    common_ranks: Zipf,
}

/// The market that ships with the crate.
pub(crate) fn market() -> &'static Market {
    static MARKET: LazyLock<Market> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "a file of this crate, read by every test")]
        let file = toml::from_str(include_str!("../../data/market.toml")).expect("market.toml");
        Market::new(file)
    });
    &MARKET
}

impl Market {
    fn new(file: File) -> Self {
        let mut skills: Vec<Vec<String>> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut index_of = |name: &String| {
            *known.entry(name.clone()).or_insert_with(|| {
                let mut forms = vec![name.clone()];
                forms.extend(file.spellings.get(name).into_iter().flatten().cloned());
                skills.push(forms);
                skills.len() - 1
            })
        };
        let common: Vec<usize> = file.common.iter().map(&mut index_of).collect();
        let mut heads: Vec<Vec<usize>> =
            file.families.iter().map(|f| f.skills.iter().map(&mut index_of).collect()).collect();

        // Neighbours in the tail share neither word, and each family gets every 24th of it.
        let (first, second) = (&file.tail_first, &file.tail_second);
        let tail = (0..second.len())
            .flat_map(|step| first.iter().enumerate().map(move |(at, word)| (at, step, word)))
            .map(|(at, step, word)| format!("{word} {}", second[(at + step) % second.len()]))
            .filter(|name| !known.contains_key(name));
        for (number, name) in tail.take(NUM_SKILLS.saturating_sub(known.len())).enumerate() {
            skills.push(vec![name]);
            let family = number % heads.len();
            heads[family].push(skills.len() - 1);
        }

        let families: Vec<Family> = file
            .families
            .into_iter()
            .zip(heads)
            .map(|(entry, skills)| Family {
                name: entry.name,
                title: entry.title,
                pay: entry.pay,
                ranks: Zipf::new(skills.len(), 3),
                skills,
            })
            .collect();
        Self {
            family_ranks: Zipf::new(families.len(), 0),
            city_ranks: Zipf::new(file.cities.len(), 0),
            common_ranks: Zipf::new(common.len(), 2),
            families,
            cities: file.cities,
            skills,
            common,
            company_words: [file.companies_first, file.companies_second, file.companies_third],
        }
    }

    pub(crate) fn family(&self, draw: &mut Draw) -> usize {
        self.family_ranks.draw(draw)
    }

    pub(crate) fn city(&self, draw: &mut Draw) -> &str {
        &self.cities[self.city_ranks.draw(draw)]
    }

    /// Salaries in a city, in per cent of the country's.
    pub(crate) fn city_pay(&self, city: Option<&str>) -> i64 {
        let rank = city.and_then(|city| self.cities.iter().position(|known| known == city));
        rank.map_or(95, |rank| 115 - rank as i64)
    }

    /// How many companies post a pool of this many jobs.
    pub(crate) fn num_companies(jobs: usize) -> usize {
        (jobs / 20).clamp(20, 4000)
    }

    /// A company by rank, as it writes itself.
    pub(crate) fn company(&self, rank: usize) -> String {
        let [first, second, third] = &self.company_words;
        let round = rank / first.len();
        let suffix = &third[rank / (first.len() * second.len()) % third.len()];
        let name =
            format!("{} {}", first[rank % first.len()], second[(round + rank) % second.len()]);
        if suffix.is_empty() { name } else { format!("{name} {suffix}") }
    }

    /// A skill that a family asks for.
    pub(crate) fn skill(&self, family: usize, draw: &mut Draw) -> usize {
        let family = &self.families[family];
        match draw.share(&[70, 25, 5]) {
            0 => family.skills[family.ranks.draw(draw)],
            1 => self.common[self.common_ranks.draw(draw)],
            _ => draw.below(self.skills.len() as u64) as usize,
        }
    }

    /// `wanted` different skills of a family, fewer where luck runs out.
    pub(crate) fn skills(&self, family: usize, wanted: usize, draw: &mut Draw) -> Vec<usize> {
        let mut found = Vec::with_capacity(wanted);
        for _ in 0..wanted * 4 {
            if found.len() == wanted {
                break;
            }
            let skill = self.skill(family, draw);
            if !found.contains(&skill) {
                found.push(skill);
            }
        }
        found
    }

    /// One of the ways to write a skill.
    pub(crate) fn spelling(&self, skill: usize, draw: &mut Draw) -> String {
        let forms = &self.skills[skill];
        match draw.share(&[50, 40, 10]) {
            0 => forms[0].clone(),
            1 => draw.pick(forms),
            _ => title_case(&forms[0]),
        }
    }
}

/// `"site supervision"` as `"Site Supervision"`.
pub(crate) fn title_case(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let c = if start { c.to_ascii_uppercase() } else { c };
            start = c == ' ';
            c
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_market_is_as_large_as_it_says() {
        let market = market();
        assert_eq!(market.skills.len(), NUM_SKILLS);
        assert_eq!(market.families.len(), 24);
        assert_eq!(market.cities.len(), 40);
        let names: BTreeSet<&str> = market.skills.iter().map(|forms| forms[0].as_str()).collect();
        assert_eq!(names.len(), NUM_SKILLS, "no skill stands there twice");
    }

    #[test]
    fn no_spelling_belongs_to_two_skills_or_to_none() {
        let file: File = toml::from_str(include_str!("../../data/market.toml")).unwrap();
        let market = market();
        let names: BTreeSet<&str> = market.skills.iter().map(|forms| forms[0].as_str()).collect();
        let mut seen = BTreeSet::new();
        for (name, forms) in &file.spellings {
            assert!(names.contains(name.as_str()), "{name} is nobody's skill");
            for form in forms.iter().map(|form| form.to_lowercase()).collect::<BTreeSet<_>>() {
                assert!(seen.insert(form.clone()), "{form} stands there twice");
                assert!(&form == name || !names.contains(form.as_str()), "{form} is a skill");
            }
        }
    }

    #[test]
    fn companies_are_different() {
        let names: BTreeSet<String> = (0..4000).map(|rank| market().company(rank)).collect();
        assert_eq!(names.len(), 4000);
    }
}
