//! What is told of a pair: what went into its score beside what came out.

use crate::{explain::PairTexts, rows::RowDigest};
use serde::Serialize;

/// What a job is, as far as scoring knows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobFacts<'a> {
    /// `company_canonical`.
    pub company: &'a str,
    /// `role_family`.
    pub role_family: &'a str,
    /// `city_canonical` as it is compared.
    pub city: Option<&'a str>,
    /// `remote`, `hybrid`, `onsite`.
    pub work_mode: Option<&'a str>,
    /// `seniority_level`, `not_specified` where nothing is known.
    pub seniority_level: &'a str,
    /// No night has scored it yet.
    pub is_new: bool,
}

/// The rule that stops a pair, and what it compared. Of what the user named, roles and cities that
/// no scoreable job has are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Stopped<'a> {
    /// The job's role family is none of the user's target roles.
    RoleFamily {
        /// The job's.
        job: &'a str,
        /// The user's.
        user: Vec<&'a str>,
    },
    /// The job's level does not suit the user's.
    Seniority {
        /// The job's.
        job: &'a str,
        /// The user's; a user of unknown level is not stopped.
        user: Option<&'a str>,
        /// The levels that would suit.
        suitable: Vec<&'a str>,
    },
    /// The job is neither remote nor in one of the user's cities.
    Place {
        /// The job's city.
        job: Option<&'a str>,
        /// The user's.
        user: Vec<&'a str>,
    },
    /// The job's work mode is none of those the user named.
    WorkMode {
        /// The job's.
        job: Option<&'a str>,
        /// The user's.
        user: Vec<&'a str>,
    },
    /// The user blacklisted the company.
    Blacklisted {
        /// The job's.
        job: &'a str,
    },
}

/// A component, its weight, and their product.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Weighed {
    /// The component.
    pub bp: u32,
    /// Its weight, in ten-thousandths.
    pub weight_e4: u32,
    /// Component times weight.
    pub product: u64,
}

/// A skill that the job lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ListedSkill<'a> {
    /// Canonical name.
    pub name: &'a str,
    /// Required, else nice to have.
    pub is_required: bool,
    /// The user has it.
    pub is_matched: bool,
    /// How many jobs of the model list it.
    pub num_jobs: u32,
    /// 1 to 8.
    pub rarity: u8,
    /// Twice the rarity where required.
    pub weight: u32,
}

/// The skills component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SkillsPart<'a> {
    /// What comes out.
    #[serde(flatten)]
    pub weighed: Weighed,
    /// The weight of the job's skills that the user has.
    pub matched_weight: u32,
    /// The weight of them all; where it is 0 the component is unknown.
    pub total_weight: u32,
    /// Added to the total, because a short list proves less.
    pub prior_weight: u32,
    /// What the job lists, heaviest first.
    pub listed: Vec<ListedSkill<'a>>,
}

/// The experience component.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExperiencePart {
    /// What comes out.
    #[serde(flatten)]
    pub weighed: Weighed,
    /// The user's, if known.
    pub user_years: Option<f64>,
    /// Least that the job asks for, if known.
    pub from_years: Option<f64>,
    /// Most.
    pub to_years: Option<f64>,
    /// The band is the one of the job's level: the job names none, or the same.
    pub is_band_of_level: bool,
}

/// The market demand component.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DemandPart<'a> {
    /// What comes out.
    #[serde(flatten)]
    pub weighed: Weighed,
    /// The market's role family.
    pub role_family: &'a str,
    /// The market's city, or `remote`, or `-`.
    pub city: &'a str,
    /// How many jobs of the model lie there.
    pub num_jobs: u32,
}

/// The salary component.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SalaryPart {
    /// What comes out.
    #[serde(flatten)]
    pub weighed: Weighed,
    /// What the job lists, else the market's benchmark, if known.
    pub offer_lpa: Option<f64>,
    /// The offer stands in the posting.
    pub is_listed: bool,
    /// What the user expects, if known.
    pub expected_lpa: Option<f64>,
}

/// A score and everything that it is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored<'a> {
    /// Skills.
    pub skills: SkillsPart<'a>,
    /// Experience.
    pub experience: ExperiencePart,
    /// Market demand.
    pub demand: DemandPart<'a>,
    /// Salary.
    pub salary: SalaryPart,
    /// The sum of the four products.
    pub sum: u64,
    /// The sum of the four weights, in ten-thousandths.
    pub weights_e4: u64,
    /// Sum by weights.
    pub base_bp: u32,
    /// What a dream company adds; 0 where it is none.
    pub dream_bonus_bp: u32,
    /// Base and bonus.
    pub raw_bp: u32,
    /// 0 to 100.
    pub fit_score: u8,
    /// `strong`, `good` or `fair`.
    pub fit_label: &'static str,
    /// `apply`, `consider` or `skip`.
    pub recommendation: &'static str,
    /// What a paying user reads.
    pub texts: Option<PairTexts<'a>>,
    /// Over all that is stored of the pair where it is kept.
    #[serde(skip)]
    pub digest: RowDigest,
}
