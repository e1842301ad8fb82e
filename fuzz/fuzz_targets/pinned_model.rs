#![no_main]

talvix_fuzz::target!("pinned_model");
