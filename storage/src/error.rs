//! What can go wrong with a file in storage.

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A local file.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// What the store says, or what is wrong with the place.
    #[error("storage {place}: {reason}")]
    Place {
        /// A path or key.
        place: String,
        /// What the store says.
        reason: String,
    },
    /// A store that does not answer, or says that it cannot now: it may a little later.
    #[error("storage {place}: {reason}")]
    Unavailable {
        /// A path or key.
        place: String,
        /// What the store says.
        reason: String,
    },
    /// A file that is larger than it can be.
    #[error("storage {place}: larger than {max_bytes} bytes")]
    TooLarge {
        /// A path or key.
        place: String,
        /// The most that is read.
        max_bytes: u64,
    },
}
