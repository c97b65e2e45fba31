//! What came of every requirement: lines for people, JSON for programs.

use std::fmt;

use serde_json::{Value, json};

use super::requirement::Requirement;

/// What came of one requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was as expected.
    Passed,
    /// What differed, a line each.
    Failed(Vec<String>),
    /// It cannot be run, and why.
    Left(String),
}

/// What came of all of them. Its text has a line per requirement, what differed, and the counts at its end.
#[derive(Debug, Default)]
pub struct Report {
    judged: Vec<(Requirement, Verdict)>,
}

impl Report {
    /// Adds one.
    pub fn add(&mut self, requirement: Requirement, verdict: Verdict) {
        self.judged.push((requirement, verdict));
    }

    fn count(&self, which: impl Fn(&Verdict) -> bool) -> usize {
        self.judged.iter().filter(|(_, verdict)| which(verdict)).count()
    }

    /// How many passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Passed))
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    /// The whole as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let entries = self.judged.iter().map(|(requirement, verdict)| {
            let (word, differences) = match verdict {
                Verdict::Passed => ("PASSED", Vec::new()),
                Verdict::Failed(differences) => ("FAILED", differences.clone()),
                Verdict::Left(reason) => ("LEFT", vec![reason.clone()]),
            };
            json!({
                "id": requirement.id,
                "suite": requirement.suite,
                "description": requirement.description,
                "verdict": word,
                "differences": differences,
                "variables": requirement.variables,
            })
        });
        let left = self.judged.len() - self.passed() - self.failed();
        json!({
            "passed": self.passed(),
            "failed": self.failed(),
            "left": left,
            "requirements": entries.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (Requirement { id, suite, description, .. }, verdict) in &self.judged {
            match verdict {
                Verdict::Passed => writeln!(f, "ok    {suite} {id}: {description}")?,
                Verdict::Left(reason) => writeln!(f, "left  {suite} {id}: {description}\n        {reason}")?,
                Verdict::Failed(differences) => {
                    writeln!(f, "FAIL  {suite} {id}: {description}")?;
                    for difference in differences {
                        writeln!(f, "        {difference}")?;
                    }
                }
            }
        }
        write!(f, "{} passed, {} failed", self.passed(), self.failed())
    }
}
