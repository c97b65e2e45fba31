//! The official conformance requirements, one test per suite. They are not part of the project: the tests say so and
//! pass when the folder is absent.

use std::path::{Path, PathBuf};

use tests::conformance::{Report, Requirement, functions, run};

/// The folder of the suites: `CONFORMANCE_REQUIREMENTS`, or beside the workspace.
fn requirements() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/requirements");
    let folder = std::env::var_os("CONFORMANCE_REQUIREMENTS").map_or_else(beside, PathBuf::from);
    let present = folder.is_dir();
    if !present {
        eprintln!(
            "skipped: the conformance requirements are not in {}; CONFORMANCE_REQUIREMENTS=DIR names their folder",
            folder.display()
        );
    }
    present.then_some(folder)
}

fn suite(name: &str) {
    let Some(folder) = requirements() else { return };
    let app = functions::app();
    let mut report = Report::default();
    for requirement in Requirement::read_all(&folder, Some(name)).unwrap() {
        let verdict = run(&requirement, &app);
        report.add(requirement, verdict);
    }
    println!("{report}");
    assert_eq!(report.failed(), 0, "{report}");
}

macro_rules! suites {
    ($($test:ident: $suite:literal,)*) => {
        $(#[test] fn $test() { suite($suite) })*
    };
}

suites! {
    steps_conform: "step",
    waits_conform: "wait",
    children_conform: "child",
    callbacks_conform: "callback",
    invokes_conform: "invoke",
    conditions_conform: "wait_for_condition",
    wait_for_callbacks_conform: "wait_for_callback",
    parallels_conform: "parallel",
    maps_conform: "map",
    plugins_conform: "plugin",
}
