//! The console's files are compiled into the program (see src/console.rs); a new build of them needs a new build of it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A folder that is absent would count as changed for ever.
    if std::path::Path::new("web/dist").exists() {
        println!("cargo:rerun-if-changed=web/dist");
    }
}
