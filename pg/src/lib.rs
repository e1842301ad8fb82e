//! The database server: reaching it as libpq does, its errors without row contents, the binary
//! `COPY` format, and the data model.
//!
//! | module | |
//! |---|---|
//! | [`conninfo`] | where the server is: URL, `PG*` variables, `.pgpass`, `sslmode` |
//! | [`connect()`] | opens a connection, with TLS where it must be |
//! | [`error`] | what may be printed of a server's error |
//! | [`fault`] | what may help after one; a lost server reached again |
//! | [`copy`] | rows to and from the bytes of `COPY … (format binary)` |
//! | [`lock`] | one run at a time |
//! | [`schema`] | the data model as SQL; bringing a database up to it; what a database lacks |

pub mod conninfo;
pub mod copy;
pub mod error;
pub mod fault;
pub mod lock;
pub mod schema;

mod connect;
mod tls;

pub use connect::connect;
pub use conninfo::Conninfo;
pub use error::Error;
pub use fault::{Fault, Server, all_answers, answer};
