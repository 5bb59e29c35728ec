//! The load generator: one thread, one prepared request, so many connections.

use crate::Failure;
use crate::answer::{Answer, Reader};
use crate::process::Usage;
use crate::statistics::percentile;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) request: &'a [u8],
    pub(crate) concurrency: usize,
    pub(crate) warmup: Duration,
    pub(crate) turn: Duration,
}

/// What one turn of a candidate gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    pub(crate) requests_per_second: f64,
    pub(crate) events_per_second: f64,
    /// Of the candidate's processes, in microseconds; 0 for the bare simulator.
    pub(crate) cpu_per_request: f64,
    pub(crate) cpu_per_event: f64,
    /// Of whole answers, in microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Events per answer.
    pub(crate) events_per_answer: f64,
    /// Answers with a pause of 35 ms or more between two reads.
    pub(crate) stalled: u64,
    pub(crate) answers: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Warmup,
    Measured,
    /// Time is up: answers in progress are read to their end; they count for the CPU time and not for the rates.
    Ending,
}

struct Shared {
    phase: Cell<Phase>,
    in_time: Cell<u64>,
    events_in_time: Cell<u64>,
    all: Cell<u64>,
    all_events: Cell<u64>,
    stalled: Cell<u64>,
    latencies: RefCell<Vec<u64>>,
    /// Requests left to begin, where a number of them is asked for.
    left: Cell<Option<u64>>,
    failure: RefCell<Option<Failure>>,
}

impl Shared {
    fn new(phase: Phase, left: Option<u64>) -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(phase),
            in_time: Cell::default(),
            events_in_time: Cell::default(),
            all: Cell::default(),
            all_events: Cell::default(),
            stalled: Cell::default(),
            latencies: RefCell::new(Vec::with_capacity(1 << 16)),
            left: Cell::new(left),
            failure: RefCell::default(),
        })
    }

    /// Whether another request may begin.
    fn begin(&self) -> bool {
        if self.phase.get() == Phase::Ending || self.failure.borrow().is_some() {
            return false;
        }
        match self.left.get() {
            None => true,
            Some(0) => false,
            Some(left) => {
                self.left.set(Some(left - 1));
                true
            }
        }
    }

    fn note_events(&self, events: u64) {
        if self.phase.get() == Phase::Measured {
            add(&self.events_in_time, events);
        }
        if self.phase.get() != Phase::Warmup {
            add(&self.all_events, events);
        }
    }

    fn note(&self, answer: Answer, took: Duration) {
        if self.phase.get() == Phase::Warmup {
            return;
        }
        add(&self.all, 1);
        add(&self.stalled, u64::from(answer.stalls > 0));
        if self.phase.get() == Phase::Measured {
            add(&self.in_time, 1);
            self.latencies.borrow_mut().push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
    }
}

fn add(cell: &Cell<u64>, count: u64) {
    cell.set(cell.get() + count);
}

/// One turn. `usage` reads the candidate's CPU time; it is read again when the candidate has come to rest, so that work put off until
/// after the answer is counted too.
pub(crate) fn turn(load: &Load<'_>, usage: &Usage) -> Result<Turn, Failure> {
    let shared = Shared::new(Phase::Warmup, None);
    let (elapsed, before) = on_one_thread(async {
        let connections = connect(load, &shared);
        tokio::time::sleep(load.warmup).await;
        let before = usage.cpu()?;
        let begun = Instant::now();
        shared.phase.set(Phase::Measured);
        tokio::time::sleep(load.turn).await;
        shared.phase.set(Phase::Ending);
        let elapsed = begun.elapsed();
        finish(connections, &shared).await?;
        Ok((elapsed, before))
    })?;
    let cpu = usage.cpu_at_rest()?.saturating_sub(before).as_secs_f64() * 1e6;
    let mut latencies = shared.latencies.take();
    latencies.sort_unstable();
    let per = |total: f64, count: u64| if count == 0 { 0.0 } else { total / count as f64 };
    Ok(Turn {
        requests_per_second: shared.in_time.get() as f64 / elapsed.as_secs_f64(),
        events_per_second: shared.events_in_time.get() as f64 / elapsed.as_secs_f64(),
        cpu_per_request: per(cpu, shared.all.get()),
        cpu_per_event: per(cpu, shared.all_events.get()),
        p50: percentile(&latencies, 0.50) / 1e3,
        p99: percentile(&latencies, 0.99) / 1e3,
        events_per_answer: per(shared.all_events.get() as f64, shared.all.get()),
        stalled: shared.stalled.get(),
        answers: shared.all.get(),
    })
}

/// A number of requests, as fast as they go.
pub(crate) fn count(address: SocketAddr, request: &[u8], concurrency: usize, requests: u64) -> Result<(), Failure> {
    let load = Load { address, request, concurrency, warmup: Duration::ZERO, turn: Duration::ZERO };
    let shared = Shared::new(Phase::Warmup, Some(requests));
    on_one_thread(async {
        let connections = connect(&load, &shared);
        finish(connections, &shared).await
    })
}

fn on_one_thread<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work)
}

fn connect(load: &Load<'_>, shared: &Rc<Shared>) -> Vec<tokio::task::JoinHandle<()>> {
    let request: Rc<[u8]> = Rc::from(load.request);
    (0..load.concurrency)
        .map(|_| {
            let (shared, request, address) = (Rc::clone(shared), Rc::clone(&request), load.address);
            tokio::task::spawn_local(async move {
                if let Err(failure) = connection(address, &request, &shared).await {
                    shared.failure.borrow_mut().get_or_insert(failure);
                }
            })
        })
        .collect()
}

async fn connection(address: SocketAddr, request: &[u8], shared: &Shared) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut reader = Reader::new();
    while shared.begin() {
        let begun = Instant::now();
        stream.write_all(request).await?;
        let answer = reader.read(&mut stream, |events| shared.note_events(events)).await?;
        shared.note(answer, begun.elapsed());
    }
    Ok(())
}

async fn finish(connections: Vec<tokio::task::JoinHandle<()>>, shared: &Shared) -> Result<(), Failure> {
    for connection in connections {
        connection.await?;
    }
    shared.failure.take().map_or(Ok(()), Err)
}
