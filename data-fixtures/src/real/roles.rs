//! From titles and resume categories to role families and levels, by the rules of `data/`.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::Error;
use super::rules::{Cutter, Rules};

/// More roles than that are no choice.
const MAX_TARGET_ROLES: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesFile {
    keep_plural: Vec<String>,
    initialisms: HashSet<String>,
    spellings: BTreeMap<String, String>,
    rules: Vec<FamilyRule>,
    hints: HashMap<String, String>,
    levels: Vec<LevelRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyRule {
    family: String,
    phrases: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelRule {
    level: String,
    phrases: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeRolesFile {
    broad: HashSet<String>,
    categories: HashMap<String, Vec<String>>,
}

/// The rules, ready to use.
#[derive(Debug)]
pub(crate) struct Roles {
    cutter: Cutter,
    families: Rules,
    levels: Rules,
    hints: HashMap<String, String>,
    initialisms: HashSet<String>,
    broad: HashSet<String>,
    categories: HashMap<String, Vec<String>>,
}

impl Roles {
    /// The rules that ship with this crate.
    pub(crate) fn built_in() -> Result<Self, Error> {
        let roles: RolesFile =
            super::rules_file("roles.toml", include_str!("../../data/roles.toml"))?;
        let resumes: ResumeRolesFile =
            super::rules_file("resume_roles.toml", include_str!("../../data/resume_roles.toml"))?;
        let cutter = Cutter::new(roles.keep_plural, &roles.spellings);
        let (mut families, mut levels) = (Rules::default(), Rules::default());
        for rule in &roles.rules {
            families.push(&cutter, &rule.family, &rule.phrases, &rule.unless);
        }
        for rule in &roles.levels {
            levels.push(&cutter, &rule.level, &rule.phrases, &rule.unless);
        }
        let roles = Self {
            cutter,
            families,
            levels,
            hints: roles.hints,
            initialisms: roles.initialisms,
            broad: resumes.broad,
            categories: resumes.categories,
        };
        roles.check()?;
        Ok(roles)
    }

    /// A family that is spelt wrong in one place would quietly match nobody.
    fn check(&self) -> Result<(), Error> {
        let families: HashSet<&str> = self.families.names().collect();
        let unknown = |file, named: &String| Error::Rules {
            file,
            reason: format!("no rule of roles.toml makes the family \"{named}\""),
        };
        for family in self.hints.values() {
            if !families.contains(family.as_str()) {
                return Err(unknown("roles.toml", family));
            }
        }
        for family in self.categories.values().flatten() {
            if !families.contains(family.as_str()) {
                return Err(unknown("resume_roles.toml", family));
            }
        }
        match self.broad.iter().find(|&category| !self.categories.contains_key(category)) {
            Some(category) => Err(Error::Rules {
                file: "resume_roles.toml",
                reason: format!("\"{category}\" is broad, but not among the categories"),
            }),
            None => Ok(()),
        }
    }

    /// The family that a title speaks of, else the one of the board's own role name.
    pub(crate) fn family(&self, title: &str, board_role: Option<&str>) -> Option<&str> {
        self.families
            .first_match(&self.cutter.words(title))
            .or_else(|| self.hints.get(&board_role?.trim().to_lowercase()).map(String::as_str))
    }

    /// The level that a title speaks of.
    pub(crate) fn level(&self, title: &str) -> Option<&str> {
        self.levels.first_match(&self.cutter.words(title))
    }

    /// What the owner of a resume is after, first choice first: none where neither category nor
    /// title says it.
    pub(crate) fn target_roles(&self, category: Option<&str>, title: Option<&str>) -> Vec<&str> {
        let category = category.map(|category| category.trim().to_lowercase());
        let listed = category.as_ref().and_then(|category| self.categories.get(category));
        let by_title = match (&category, listed) {
            (Some(category), Some(_)) if !self.broad.contains(category) => None,
            _ => title.and_then(|title| self.family(title, None)),
        };
        let mut targets: Vec<&str> = by_title.into_iter().collect();
        for family in listed.into_iter().flatten() {
            if !targets.contains(&family.as_str()) {
                targets.push(family);
            }
        }
        targets.truncate(MAX_TARGET_ROLES);
        targets
    }

    /// A family as a person reads it.
    pub(crate) fn display_name(&self, family: &str) -> String {
        let words: Vec<String> = family
            .split('_')
            .map(|word| {
                let capitals = if self.initialisms.contains(word) { word.len() } else { 1 };
                let (first, rest) = word.split_at(capitals.min(word.len()));
                first.to_uppercase() + rest
            })
            .collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Title, family, level; `-` is none.
    const TITLES: &[(&str, &str, &str)] = &[
        ("Software Engineer", "software_engineer", "-"),
        ("Sr. Software Engineer II", "software_engineer", "senior"),
        ("Software Engineer III", "software_engineer", "senior"),
        ("Software Engineers 2", "software_engineer", "mid"),
        ("Nila Labs - Software Engineer (2-4 yrs)", "software_engineer", "-"),
        ("Graduate Engineer Trainee - Software", "software_engineer", "junior"),
        ("C++ Developer - Linux/Multithreading (4-7 yrs)", "software_engineer", "-"),
        ("Core Java Developer - Spring Boot", "java_developer", "-"),
        ("Technical Lead - J2EE", "java_developer", "lead"),
        ("dot net developer", "dotnet_developer", "-"),
        ("Jr. ASP.NET Programmer", "dotnet_developer", "junior"),
        ("Dot Net Full Stack Developer", "fullstack_developer", "-"),
        ("Senior MERN Stack Developer", "fullstack_developer", "senior"),
        ("Python Developer - Django", "python_developer", "-"),
        ("PHP/Laravel Developer", "web_developer", "-"),
        ("WordPress Developer Intern", "web_developer", "intern"),
        ("ReactJS Developer", "frontend_engineer", "-"),
        ("Front End Lead - Angular", "frontend_engineer", "lead"),
        ("Node.js Developer - MongoDB", "backend_engineer", "-"),
        ("Senior Back-End Engineer", "backend_engineer", "senior"),
        ("Golang Engineer", "backend_engineer", "-"),
        ("Android Developer (Kotlin)", "mobile_developer", "-"),
        ("React Native Developer", "mobile_developer", "-"),
        ("Embedded Software Engineer - AUTOSAR", "embedded_engineer", "-"),
        ("Engineering Manager - Payments", "engineering_manager", "lead"),
        ("Solution Architect - Cloud", "solution_architect", "lead"),
        ("Technical Architect", "solution_architect", "lead"),
        ("Monitoring Architect (10-14 yrs)", "solution_architect", "lead"),
        ("Data Scientist", "data_scientist", "-"),
        ("Senior Manager - Data Science - Sales Analytics", "data_scientist", "lead"),
        ("Jr Data Analyst", "data_analyst", "junior"),
        ("Business Data Analyst", "data_analyst", "-"),
        ("Azure Data Engineer", "data_engineer", "-"),
        ("Principal ETL Developer - Informatica", "data_engineer", "lead"),
        ("Machine Learning Engineer II", "ml_engineer", "mid"),
        ("Gen AI Engineer", "ml_engineer", "-"),
        ("Power BI Developer", "bi_developer", "-"),
        ("DevOps Engineer - Kubernetes", "devops_engineer", "-"),
        ("Site Reliability Engineer", "devops_engineer", "-"),
        ("Automation Test Engineer - Java/Selenium", "qa_engineer", "-"),
        ("SDET II", "qa_engineer", "mid"),
        ("Oracle DBA", "database_administrator", "-"),
        ("Linux Administrator", "system_administrator", "-"),
        ("Network Engineer L2", "network_engineer", "-"),
        ("SOC Analyst", "security_analyst", "-"),
        ("Desktop Support Engineer", "technical_support", "-"),
        ("SAP FICO Consultant", "sap_consultant", "-"),
        ("Salesforce Developer - Apex", "salesforce_developer", "-"),
        ("Workday Functional Consultant", "erp_consultant", "-"),
        ("RPA Developer - UiPath", "rpa_developer", "-"),
        ("Senior Business Analyst", "business_analyst", "senior"),
        ("Associate Product Manager", "product_manager", "senior"),
        ("Scrum Master", "project_manager", "-"),
        ("Assistant Project Manager", "project_manager", "mid"),
        ("UI/UX Designer", "ui_ux_designer", "-"),
        ("Graphic Designer", "graphic_designer", "-"),
        ("IT Recruiter - Java Hiring", "human_resources", "-"),
        ("Head HR for a BPO", "human_resources", "lead"),
        ("Area Sales Manager", "sales_executive", "mid"),
        ("Sales Executive - Freshers Can Apply", "sales_executive", "junior"),
        ("Business Development Manager", "business_development", "mid"),
        ("Business Development Executive", "business_development", "-"),
        ("Tele Caller", "telesales_executive", "-"),
        ("Walk-in: International Voice Process, Night Shift", "customer_support", "-"),
        ("Relationship Manager - Gold Loan", "banking_officer", "mid"),
        ("Agency Manager - Life Insurance", "insurance_advisor", "mid"),
        ("Accounts Manager", "accountant", "senior"),
        ("Account Manager", "business_development", "mid"),
        ("Chartered Accountant", "auditor", "-"),
        ("Financial Analyst", "financial_analyst", "-"),
        ("SEO Executive", "digital_marketing", "-"),
        ("Brand Manager", "marketing_executive", "senior"),
        ("Content Writer", "content_writer", "-"),
        ("Medical Representative", "medical_representative", "-"),
        ("AR Caller", "medical_coder", "-"),
        ("Staff Nurse - ICU", "nurse", "-"),
        ("Consultant Radiologist", "doctor", "-"),
        ("Pharmacist", "healthcare_technician", "-"),
        ("QC Chemist", "pharma_scientist", "-"),
        ("PGT Physics Teacher", "teacher", "-"),
        ("Assistant Professor", "teacher", "mid"),
        ("Soft Skills Trainer", "corporate_trainer", "-"),
        ("Mechanical Design Engineer", "mechanical_engineer", "-"),
        ("Civil Site Engineer", "civil_engineer", "-"),
        ("Electrician (ITI)", "electrical_engineer", "-"),
        ("Production Supervisor", "production_engineer", "mid"),
        ("Quality Inspector", "quality_engineer", "-"),
        ("Service Engineers", "service_engineer", "-"),
        ("Purchase Executive", "supply_chain", "-"),
        ("Store Manager - Apparel Showroom", "retail_store", "mid"),
        ("Sous Chef", "hospitality", "-"),
        ("Executive Assistant to Director", "admin_executive", "-"),
        ("MIS Executive", "backoffice_executive", "-"),
        ("Legal Manager", "legal_counsel", "senior"),
        ("Junior Architect - Interiors", "architect_interior_designer", "junior"),
        ("Lead Generation Specialist", "telesales_executive", "-"),
        ("Manager", "-", "senior"),
        ("Analyst", "-", "-"),
        ("", "-", "-"),
    ];

    #[test]
    fn titles_are_read_as_people_read_them() {
        let roles = Roles::built_in().unwrap();
        let wrong: Vec<_> = TITLES
            .iter()
            .map(|&(title, family, level)| {
                let found_family = roles.family(title, None).unwrap_or("-");
                let found_level = roles.level(title).unwrap_or("-");
                (title, (found_family, found_level), (family, level))
            })
            .filter(|(_, found, expected)| found != expected)
            .collect();
        assert!(wrong.is_empty(), "title, found, expected: {wrong:#?}");
    }

    #[test]
    fn the_boards_role_helps_where_the_title_says_nothing() {
        let roles = Roles::built_in().unwrap();
        assert_eq!(roles.family("Executive", Some(" Retail Sales ")), Some("sales_executive"));
        assert_eq!(roles.family("Pharmacist", Some("Retail Sales")), Some("healthcare_technician"));
        assert_eq!(roles.family("Executive", Some("No such role")), None);
    }

    #[test]
    fn levels_are_those_of_the_data_model() {
        let roles = Roles::built_in().unwrap();
        for level in roles.levels.names() {
            assert!(["intern", "junior", "mid", "senior", "lead"].contains(&level), "{level}");
        }
    }

    #[test]
    fn targets_come_from_the_category_and_for_broad_ones_from_the_title_first() {
        let roles = Roles::built_in().unwrap();
        for (category, title, targets) in [
            (Some("Advocate"), Some("Data Scientist"), vec!["legal_counsel"]),
            (
                Some("Information-Technology"),
                Some("Network Engineer"),
                vec!["network_engineer", "system_administrator", "technical_support"],
            ),
            (Some("Designer"), Some("UX Designer"), vec!["ui_ux_designer", "graphic_designer"]),
            (Some("No such category"), Some("Staff Nurse"), vec!["nurse"]),
            (None, Some("Staff Nurse"), vec!["nurse"]),
            (None, Some("Self employed"), vec![]),
            (None, None, vec![]),
        ] {
            assert_eq!(roles.target_roles(category, title), targets, "{category:?} {title:?}");
        }
    }

    #[test]
    fn families_are_shown_in_words() {
        let roles = Roles::built_in().unwrap();
        assert_eq!(roles.display_name("ui_ux_designer"), "UI UX Designer");
        assert_eq!(roles.display_name("data_scientist"), "Data Scientist");
    }
}
