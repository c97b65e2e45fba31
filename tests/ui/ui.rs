//! Compiles every program in `pass` and every program in `fail`, and compares what rustc says about the latter with
//! the file of the same name that ends in `.stderr`. Nothing is run beyond an empty `main`.
//!
//! After a wanted change of a message: `TRYBUILD=overwrite cargo test -p ui`, then read the difference.

#[test]
fn what_is_a_durable_program_compiles() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn what_is_not_is_refused_with_a_reason_at_the_users_token() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
