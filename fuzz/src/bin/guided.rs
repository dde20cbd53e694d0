//! The targets under libFuzzer: `FUZZ_TARGET=sip fuzz-guided CORPUS…`. Built and run by `dev/fuzz`, which instruments
//! the code; see there.
#![no_main]
#![allow(unsafe_code, reason = "the entry point that libFuzzer calls")]

use std::sync::LazyLock;

use switchroom_fuzz::Target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    Target::named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET names no target: {name:?}"))
});

libfuzzer_sys::fuzz_target!(|octets: &[u8]| TARGET.run(octets));
