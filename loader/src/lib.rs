//! Reads jobs, users, resumes and weights into columns.
