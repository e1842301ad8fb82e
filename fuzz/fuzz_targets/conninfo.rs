#![no_main]

talvix_fuzz::target!("conninfo");
