//! Wakers that know who woke: the runtime, a live body, or something that has no business in durable code.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

thread_local! {
    static SANCTIONED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `wake` as the runtime's own: the handler's waker will not take it for a foreign one.
pub(crate) fn sanctioned<T>(wake: impl FnOnce() -> T) -> T {
    /// Restores what was before, also when a poll inside panics.
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            SANCTIONED.set(self.0);
        }
    }
    let _restore = Restore(SANCTIONED.replace(true));
    wake()
}

/// The waker that durable code is polled with.
#[derive(Default)]
pub(crate) struct HandlerWaker {
    driver: AtomicWaker,
    woken: AtomicBool,
    foreign: AtomicBool,
}

impl HandlerWaker {
    /// Where wakes are passed on to.
    pub(crate) fn forward_to(&self, driver: &Waker) {
        self.driver.register(driver);
    }

    /// Whether there was a wake since the last call.
    pub(crate) fn take_woken(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }

    /// Whether there is a wake that [`take_woken`](Self::take_woken) has not seen.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// Whether something foreign woke since the last call.
    pub(crate) fn take_foreign(&self) -> bool {
        self.foreign.swap(false, Ordering::AcqRel)
    }
}

impl Wake for HandlerWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !SANCTIONED.get() {
            self.foreign.store(true, Ordering::Release);
        }
        self.woken.store(true, Ordering::Release);
        self.driver.wake();
    }
}

/// The waker that a step body is polled with: whoever wakes the body wakes durable code rightly, late or not.
struct BodyWaker(Waker);

impl Wake for BodyWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        sanctioned(|| self.0.wake_by_ref());
    }
}

/// A waker that passes wakes on and says whether there were any.
pub(crate) struct Noticing {
    outer: Waker,
    woken: AtomicBool,
}

impl Noticing {
    pub(crate) fn new(outer: &Waker) -> Arc<Self> {
        Arc::new(Self { outer: outer.clone(), woken: AtomicBool::new(false) })
    }

    /// Whether there was a wake since the last call.
    pub(crate) fn take_woken(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Noticing {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.outer.wake_by_ref();
    }
}

/// Polls `poll` with a waker that is allowed to wake durable code.
#[derive(Default)]
pub(crate) struct BodyWakers {
    made_for: Option<(Waker, Waker)>,
}

impl BodyWakers {
    pub(crate) fn poll<T>(&mut self, cx: &Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let known = self.made_for.take().filter(|(outer, _)| outer.will_wake(cx.waker()));
        let (outer, inner) = known.unwrap_or_else(|| {
            let outer = cx.waker().clone();
            (outer.clone(), Arc::new(BodyWaker(outer)).into())
        });
        let result = poll(&mut Context::from_waker(&inner));
        self.made_for = Some((outer, inner));
        result
    }
}
