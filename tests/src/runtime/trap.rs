//! Traps: points of a program at which it dies, once, when a test has laid one.

use std::path::Path;
use std::process::Command;

/// Dies here by SIGKILL if there is a file of this name in the directory that `TRAPS` names. The file is gone then.
pub fn trap(point: &str) {
    let Some(directory) = std::env::var_os("TRAPS") else { return };
    // Removing it is what makes it happen once, whichever process comes first.
    if std::fs::remove_file(Path::new(&directory).join(point)).is_ok() {
        kill_self();
    }
}

/// Dies by SIGKILL.
pub fn kill_self() -> ! {
    let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
    loop {
        std::thread::park();
    }
}
