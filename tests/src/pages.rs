//! The pages of `docs/operations`: their examples are compiled and run, their figures measured.

macro_rules! pages {
    ($($item:ident $name:literal)+) => {
        /// Every page by its name, with its text.
        pub const PAGES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../docs/operations/", $name, ".md")))),+];

        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../docs/operations/", $name, ".md"))]
            pub struct $item;
        )+
    };
}

pages! {
    Index "README"
    Step "step"
    Record "record"
    Sleep "sleep"
    Callback "callback"
    WaitForCallback "wait-for-callback"
    Invoke "invoke"
    Child "child"
    Parallel "parallel"
    Map "map"
    Race "race"
    WaitForCondition "wait-for-condition"
    Retrying "retrying"
    Saga "saga"
    RecordedValues "recorded-values"
    CommitAndUntracked "commit-and-untracked"
    BatchPolicies "batch-policies"
    Serdes "serdes"
    Errors "errors"
}
