//! The account of one attempt: opened before the provider is called, settled once, whatever happens.

use crate::metrics;
use crate::ports::{Intent, Ledger, Outcome, OutcomeStatus, Ticket};
use crate::visit::{self, Report};
use chat::{Fault, FaultKind, Loss, Operation, Origin, Step, Usage};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A record tells this many fields that were not carried, and how many more there were: a caller can make up as many as its body holds.
const MOST_LOSSES: usize = 100;

/// What a request lost on its way, as the record and the metrics tell it.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    paths: Vec<String>,
    /// Each field once.
    fields: Vec<&'static str>,
}

impl Lost {
    pub(crate) fn of(losses: &[Loss]) -> Self {
        let mut lost = Self { paths: losses.iter().take(MOST_LOSSES).map(|loss| loss.path.clone()).collect(), fields: Vec::new() };
        if losses.len() > MOST_LOSSES {
            lost.paths.push(format!("...and {} more", losses.len() - MOST_LOSSES));
        }
        for loss in losses {
            let field = metrics::field(&loss.path);
            if !lost.fields.contains(&field) {
                lost.fields.push(field);
            }
        }
        lost
    }
}

/// One attempt on the books. Dropped without [`Account::settle`], it is settled as cancelled: the caller went away, or the task was ended.
pub(crate) struct Account {
    ledger: Arc<dyn Ledger>,
    ticket: Option<Ticket>,
    arrived: Instant,
    called: Instant,
    first_token: Option<Duration>,
    usage: Option<Usage>,
    /// The operation costs tokens: a count of tokens does not.
    costs: bool,
    losses: Lost,
    /// Told when the account is settled: what is counted of it.
    report: Option<Report>,
}

impl Account {
    /// Appends the intent. From here on exactly one outcome follows.
    pub(crate) fn open(ledger: &Arc<dyn Ledger>, intent: &Intent, arrived: Instant, losses: Lost) -> Result<Self, Fault> {
        let ticket = ledger.intend(intent)?;
        Ok(Self {
            ledger: Arc::clone(ledger),
            ticket: Some(ticket),
            arrived,
            called: Instant::now(),
            first_token: None,
            usage: None,
            costs: intent.operation != Operation::CountTokens,
            losses,
            report: None,
        })
    }

    pub(crate) fn reports_to(&mut self, report: Report) {
        self.report = Some(report);
    }

    /// The first byte of the answer's body is there.
    pub(crate) fn first_byte(&mut self) {
        self.first_token.get_or_insert_with(|| self.arrived.elapsed());
    }

    pub(crate) fn set_usage(&mut self, usage: Option<Usage>) {
        self.usage = usage.or(self.usage);
    }

    /// Time from the request's arrival to the call of the provider.
    pub(crate) fn before_call(&self) -> Duration {
        self.called - self.arrived
    }

    /// Time since the provider was called.
    pub(crate) fn since_call(&self) -> Duration {
        self.called.elapsed()
    }

    pub(crate) fn succeeded(mut self, status: u16) {
        self.settle(OutcomeStatus::Succeeded, status, None);
    }

    pub(crate) fn failed(mut self, fault: &Fault) {
        let status = if fault.kind == FaultKind::CallerGone { OutcomeStatus::Cancelled } else { OutcomeStatus::Failed };
        self.settle(status, fault.status(), Some(fault));
    }

    /// The stream broke after its head had gone out with 200.
    pub(crate) fn broken(mut self, status: OutcomeStatus, fault: &Fault) {
        self.settle(status, 200, Some(fault));
    }

    fn settle(&mut self, status: OutcomeStatus, http_status: u16, fault: Option<&Fault>) {
        let Some(ticket) = self.ticket.take() else { return };
        let whole = status == OutcomeStatus::Succeeded;
        let fault = fault.map(|fault| fault.rule().name);
        let outcome = Outcome {
            status,
            http_status,
            fault: fault.map(str::to_owned),
            usage: self.usage,
            // What a provider says at the end of a whole answer is a fact; all else is what was seen up to there.
            usage_estimated: self.costs && !(whole && self.usage.is_some()) && status != OutcomeStatus::Failed,
            latency: self.arrived.elapsed(),
            first_token: self.first_token,
            upstream: self.called.elapsed(),
            losses: std::mem::take(&mut self.losses.paths),
        };
        if let Some(report) = self.report.take() {
            report.settled(&outcome, &self.losses.fields, fault);
        }
        self.ledger.settle(ticket, outcome);
    }

    /// Ended from outside, in the midst of it: by Conduit's own end where that is known, else by the caller's leaving.
    fn dropped(&mut self) {
        if std::thread::panicking() {
            let fault = Fault::new(FaultKind::Internal, Origin::Gateway, Step::Account, "Conduit failed");
            self.settle(OutcomeStatus::Failed, fault.status(), Some(&fault));
        } else if self.report.as_ref().is_some_and(Report::is_cut) {
            let fault = visit::draining();
            self.settle(OutcomeStatus::Failed, fault.status(), Some(&fault));
        } else {
            self.settle(OutcomeStatus::Cancelled, 499, None);
        }
    }
}

/// The record of a request that was refused before any provider was called.
pub(crate) fn refused(ledger: &dyn Ledger, intent: Intent, arrived: Instant, fault: &Fault) {
    let outcome = Outcome {
        status: OutcomeStatus::Failed,
        http_status: fault.status(),
        fault: Some(fault.rule().name.to_owned()),
        usage: None,
        usage_estimated: false,
        latency: arrived.elapsed(),
        first_token: None,
        upstream: Duration::ZERO,
        losses: Vec::new(),
    };
    ledger.record(intent, outcome);
}

impl Drop for Account {
    fn drop(&mut self) {
        self.dropped();
    }
}

#[cfg(test)]
mod tests;
