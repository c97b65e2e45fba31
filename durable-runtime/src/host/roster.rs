//! Who waits and who works: the invocations of one function and its processes, by the table of stages. Decides, and
//! does nothing: no process, no clock, no connection.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::call::{Call, Reply};
use super::stage::{Blame, Occasion, Stage};

/// How often an event may be chosen for processes that are gone before it reaches them.
const UNDELIVERED: u8 = 5;

/// An invocation that has not been delivered.
pub(super) struct Job {
    pub(super) call: Call,
    pub(super) reply: oneshot::Sender<Reply>,
    undelivered: u8,
}

impl Job {
    pub(super) const fn new(call: Call, reply: oneshot::Sender<Reply>) -> Self {
        Self { call, reply, undelivered: 0 }
    }
}

/// An invocation that was delivered.
pub(super) struct Running {
    /// The invocation, should it turn out that it was not read.
    pub(super) job: Job,
    /// How long it may take, for the message when it takes longer.
    pub(super) timeout: Duration,
}

/// A job that was chosen for a process, with the question that it answers.
pub(super) struct Chosen {
    pub(super) job: Job,
    pub(super) process: u64,
    /// Which of the process's questions.
    pub(super) question: u64,
}

/// A process, as far as decisions go.
struct Member {
    stage: Stage,
    question: u64,
    asker: Option<oneshot::Sender<Chosen>>,
    running: Option<Running>,
    /// Whom its end fails, when that was decided before.
    blame: Option<Blame>,
    /// When it must have moved on.
    limit: watch::Sender<Option<Instant>>,
    /// Larger for a process that went idle later.
    rested: u64,
}

/// The invocations and processes of one function.
pub(super) struct Roster {
    waiting: VecDeque<Job>,
    members: BTreeMap<u64, Member>,
    counter: u64,
    closed: bool,
}

/// What is to be done outside.
#[derive(Default)]
pub(super) struct Orders {
    /// Events to hand over.
    pub(super) offers: Vec<(oneshot::Sender<Chosen>, Chosen)>,
    /// Processes to start, with the end of their patience.
    pub(super) starts: Vec<(u64, watch::Receiver<Option<Instant>>)>,
}

/// Why a question, an answer or an error report is refused.
pub(super) enum Refused {
    /// It is not the time for it.
    State(Stage),
    /// It is about an invocation that the process does not have.
    UnknownRequest,
    /// There is no such process any more.
    Gone,
}

impl Roster {
    pub(super) const fn new() -> Self {
        Self { waiting: VecDeque::new(), members: BTreeMap::new(), counter: 0, closed: false }
    }

    /// Adds an invocation. When the host is closed its sender is dropped, by which its caller hears of it.
    pub(super) fn submit(&mut self, job: Job) {
        if !self.closed {
            self.waiting.push_back(job);
        }
    }

    /// Chooses processes for what waits, the one used last first, and says how many more are needed. An invocation
    /// waits for a process that is coming, unless it is `impatient`: then only starting ones count.
    pub(super) fn assign(&mut self, max: usize, init_limit: Instant, impatient: bool) -> Orders {
        let mut orders = Orders::default();
        // Nobody waits for these any more, and nothing has happened yet.
        self.waiting.retain(|job| !job.reply.is_closed());
        while let Some(process) = self.latest_idle().filter(|_| !self.waiting.is_empty()) {
            let Some(member) = self.members.get_mut(&process) else { break };
            let Some(asker) = member.asker.take().filter(|asker| !asker.is_closed()) else {
                // Cut off, and not told yet: it may ask again, and not take for ever.
                member.stage = Stage::Returning;
                let _ = member.limit.send_replace(Some(init_limit));
                continue;
            };
            let (Some(stage), Some(job)) = (member.stage.after(Occasion::Offer), self.waiting.pop_front()) else {
                break;
            };
            member.stage = stage;
            orders.offers.push((asker, Chosen { job, process, question: member.question }));
        }
        if self.closed {
            return orders;
        }
        let counts = |stage: Stage| if impatient { stage == Stage::Starting } else { stage.is_coming() };
        let coming = self.members.values().filter(|member| counts(member.stage)).count();
        let room = max.saturating_sub(self.members.len());
        for _ in 0..self.waiting.len().saturating_sub(coming).min(room) {
            self.counter += 1;
            let (limit, watched) = watch::channel(Some(init_limit));
            let (stage, rested) = (Stage::Starting, 0);
            let member = Member { stage, question: 0, asker: None, running: None, blame: None, limit, rested };
            self.members.insert(self.counter, member);
            orders.starts.push((self.counter, watched));
        }
        orders
    }

    fn latest_idle(&self) -> Option<u64> {
        let idle = self.members.iter().filter(|(_, member)| member.stage == Stage::Idle);
        idle.max_by_key(|(_, member)| member.rested).map(|(process, _)| *process)
    }

    /// A process asks for its next event: where it will come, and the number of the question.
    pub(super) fn ask(&mut self, process: u64) -> Result<(oneshot::Receiver<Chosen>, u64), Refused> {
        self.counter += 1;
        let (question, closed) = (self.counter, self.closed);
        let member = self.members.get_mut(&process).ok_or(Refused::Gone)?;
        let stage = member.stage.after(Occasion::Asks).filter(|_| !closed);
        member.stage = stage.ok_or(Refused::State(member.stage))?;
        let (asker, receiver) = oneshot::channel();
        (member.asker, member.question, member.rested) = (Some(asker), question, question);
        let _ = member.limit.send_replace(None);
        Ok((receiver, question))
    }

    /// The event is on its way: from now on it fails with its process. `None` when it must not go: the process has
    /// asked anew or is gone, or nobody waits for the answer any more.
    pub(super) fn deliver(&mut self, chosen: Chosen, timeout: Duration, limit: Instant) -> Result<Call, Box<Chosen>> {
        let Some(member) = self.members.get_mut(&chosen.process) else { return Err(Box::new(chosen)) };
        let stage = member.stage.after(Occasion::Delivery).filter(|_| member.question == chosen.question);
        let (Some(stage), false) = (stage, chosen.job.reply.is_closed()) else { return Err(Box::new(chosen)) };
        let call = chosen.job.call.clone();
        member.stage = stage;
        member.running = Some(Running { job: chosen.job, timeout });
        let _ = member.limit.send_replace(Some(limit));
        Ok(call)
    }

    /// A chosen event did not go: it is the next again. Gives it back when that has happened too often.
    pub(super) fn undelivered(&mut self, chosen: Chosen, init_limit: Instant) -> Option<Job> {
        let Chosen { job, process, question } = chosen;
        self.cut_off(process, question, init_limit);
        self.give_back(job)
    }

    /// The event that the process was given last was never read by it. As [`undelivered`](Self::undelivered).
    pub(super) fn unread(&mut self, process: u64, request_id: &str, limit: Instant) -> Option<Job> {
        self.has(process, request_id).ok()?;
        let member = self.members.get_mut(&process)?;
        // A process that is being killed for its time has had it all.
        member.stage = member.stage.after(Occasion::CutOff)?;
        let _ = member.limit.send_replace(Some(limit));
        let running = member.running.take()?;
        self.give_back(running.job)
    }

    fn give_back(&mut self, mut job: Job) -> Option<Job> {
        job.undelivered += 1;
        if job.undelivered >= UNDELIVERED || self.closed {
            return Some(job);
        }
        self.waiting.push_front(job);
        None
    }

    /// A question was cut off.
    pub(super) fn cut_off(&mut self, process: u64, question: u64, limit: Instant) {
        let Some(member) = self.members.get_mut(&process).filter(|member| member.question == question) else { return };
        if let Some(stage) = member.stage.after(Occasion::CutOff) {
            (member.stage, member.asker) = (stage, None);
            let _ = member.limit.send_replace(Some(limit));
        }
    }

    /// Whether any process has this invocation.
    pub(super) fn is_delivered(&self, request_id: &str) -> bool {
        self.members.keys().any(|process| self.has(*process, request_id).is_ok())
    }

    /// Whether the process has this invocation.
    pub(super) fn has(&self, process: u64, request_id: &str) -> Result<(), Refused> {
        let member = self.members.get(&process).ok_or(Refused::Gone)?;
        let known = member.running.as_ref().is_some_and(|running| running.job.call.request_id == request_id);
        if known { Ok(()) } else { Err(Refused::UnknownRequest) }
    }

    /// The process has answered: who waits for it.
    pub(super) fn answer(&mut self, process: u64, request_id: &str) -> Result<Running, Refused> {
        self.has(process, request_id)?;
        let member = self.members.get_mut(&process).ok_or(Refused::Gone)?;
        member.stage = member.stage.after(Occasion::Answer).ok_or(Refused::State(member.stage))?;
        member.running.take().ok_or(Refused::UnknownRequest)
    }

    /// The process cannot start: the invocation that hears of it.
    pub(super) fn init_error(&mut self, process: u64, limit: Instant) -> Result<Option<Job>, Refused> {
        let member = self.members.get_mut(&process).ok_or(Refused::Gone)?;
        member.stage = member.stage.after(Occasion::InitError).ok_or(Refused::State(member.stage))?;
        let _ = member.limit.send_replace(Some(limit));
        Ok(self.oldest())
    }

    /// The process's time is over, if it still is: then it gets no event any more.
    pub(super) fn expire(&mut self, process: u64, now: Instant) -> bool {
        let Some(member) = self.members.get_mut(&process) else { return true };
        let over = member.limit.borrow().is_some_and(|limit| limit <= now);
        if over {
            member.end();
        }
        over
    }

    /// No process gets an event any more, and none is started. Returns what was waiting.
    pub(super) fn close(&mut self) -> Vec<Job> {
        self.closed = true;
        self.members.values_mut().for_each(Member::end);
        self.waiting.drain(..).collect()
    }

    /// The process is dead: it asks no more. Whether it has read what it was given shows only when its connections have
    /// been read to their ends.
    pub(super) fn leave(&mut self, process: u64) {
        if let Some(member) = self.members.get_mut(&process).filter(|member| member.stage != Stage::Busy) {
            member.end();
        }
    }

    /// The process is gone. Returns whose invocation fails with it.
    pub(super) fn gone(&mut self, process: u64) -> Failing {
        let Some(member) = self.members.remove(&process) else { return Failing::Nobody };
        match member.blame.unwrap_or_else(|| member.stage.blame()) {
            Blame::Oldest => self.oldest().map_or(Failing::Nobody, Failing::Waiting),
            // Nothing when it was answered in the meantime.
            Blame::Own => member.running.map_or(Failing::Nobody, Failing::Running),
            Blame::Nobody => Failing::Nobody,
        }
    }

    fn oldest(&mut self) -> Option<Job> {
        self.waiting.retain(|job| !job.reply.is_closed());
        self.waiting.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Member {
    fn end(&mut self) {
        if let Some(stage) = self.stage.after(Occasion::End) {
            self.blame = Some(self.stage.blame());
            (self.stage, self.asker) = (stage, None);
        }
    }
}

/// Whose invocation fails with a process.
pub(super) enum Failing {
    /// One that was never delivered.
    Waiting(Job),
    /// The one that it was given.
    Running(Running),
    /// None.
    Nobody,
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::sync::oneshot;

    use super::{Call, Job, Roster};

    #[test]
    fn a_process_whose_question_is_found_cut_off_has_to_ask_again_in_time() {
        let (reply, _caller) = oneshot::channel();
        let (mut roster, limit) = (Roster::new(), Instant::now());
        roster.submit(Job::new(Call::default(), reply));
        let (process, _) = roster.assign(1, limit, false).starts.remove(0);
        drop(roster.ask(process));
        assert!(roster.assign(1, limit, false).offers.is_empty());
        assert!(roster.expire(process, limit), "it would keep the only place for ever");
    }
}
