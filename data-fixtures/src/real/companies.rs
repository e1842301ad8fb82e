//! Company names in the one form that users' preferences are compared with.

use serde::Deserialize;

use super::Error;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompaniesFile {
    legal_forms: Vec<String>,
}

/// What may stand before and after a legal form.
const AROUND: [char; 4] = [' ', ',', '-', '.'];

/// The legal forms that a name may end in, the longest first.
#[derive(Debug)]
pub(super) struct LegalForms(Vec<String>);

impl LegalForms {
    /// The list that ships with this crate.
    pub(super) fn built_in() -> Result<Self, Error> {
        let file: CompaniesFile =
            super::rules_file("companies.toml", include_str!("../../data/companies.toml"))?;
        let mut forms = file.legal_forms;
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Ok(Self(forms))
    }

    /// Lower case, white space collapsed, without legal forms at the end. A name that is nothing but
    /// a legal form stays.
    pub(super) fn canonical(&self, company: &str) -> String {
        let lower = company.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut name = lower.as_str();
        while let Some(shorter) = self.0.iter().find_map(|form| {
            let before = name.trim_end_matches(AROUND).strip_suffix(form.as_str())?;
            let shorter = before.trim_end_matches(AROUND);
            // "unltd" does not end in a form: something must part it from the name.
            (shorter.len() < before.len() && !shorter.is_empty()).then_some(shorter)
        }) {
            name = shorter;
        }
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms_go_and_names_stay() {
        let forms = LegalForms::built_in().unwrap();
        for (company, canonical) in [
            ("Nila Software Pvt. Ltd.", "nila software"),
            ("  NILA  Software Private Limited ", "nila software"),
            ("Tara Technologies (P) Ltd", "tara technologies"),
            ("Meru Consulting, LLP", "meru consulting"),
            ("Orbit Systems India Pvt Ltd, Inc.", "orbit systems india"),
            ("Tara Seeds Pvt.Ltd", "tara seeds"),
            ("Unltd", "unltd"),
            ("Ltd", "ltd"),
            ("A.B.", "a.b."),
            ("unknown", "unknown"),
        ] {
            assert_eq!(forms.canonical(company), canonical, "{company}");
        }
    }
}
