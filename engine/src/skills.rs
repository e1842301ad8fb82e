//! Skills: the canonical form they are compared in, the alias table, and the search for skills in
//! a resume's text.

mod aliases;
mod canonical;
mod text;
mod words;

pub use aliases::{AliasError, AliasTable};
pub use canonical::{canonical, fold, unicode_version};
pub use text::{SkillSearch, forms, is_looked_for};
pub use words::{Word, Words};
