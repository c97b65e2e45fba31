//! Compiles every program in `pass` and every program in `fail`, and compares what rustc says about the latter with
//! the file of the same name that ends in `.stderr`. Nothing is run beyond an empty `main`.
//!
//! After a wanted change of a message: `TRYBUILD=overwrite cargo test -p ui`, then read the difference.

/// The messages are this compiler's; others word them otherwise.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn what_is_a_durable_program_compiles() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn what_is_not_is_refused_with_a_reason_at_the_users_token() {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(compiler).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if !version.starts_with(COMPILER) {
        println!("skipped: the messages on record are those of {COMPILER}x, and this is {}", version.trim());
        return;
    }
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
