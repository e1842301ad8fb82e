#![no_main]

talvix_fuzz::target!("copy_encoder");
