//! Measures Conduit against nginx and against the bare simulator, in one run on this machine, and writes docs/benchmarks.md.
//!
//! Each candidate is a process of its own. They take turns in short rounds, because a machine is never equally fast for long; what is reported is
//! the median over the rounds, and the median of the ratios within each round.

mod answer;
mod candidate;
mod events;
mod facts;
mod figures;
mod lifetime;
mod load;
mod process;
mod report;
mod requests;
mod results;
mod rounds;
mod statistics;

use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Whatever went wrong: a benchmark with a failed request is worth nothing, so the first failure ends the run.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(about = "Measures Conduit, nginx and the bare simulator in one run")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Everything once and briefly: shows that the benchmark works, its figures mean nothing.
    #[arg(long)]
    quick: bool,
    /// Where the report goes; with --quick it is printed instead where this is not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How often each candidate gets its turn in each scenario.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How long one turn is measured, in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

#[derive(Subcommand)]
enum Command {
    /// The provider simulator as a process of its own: the candidates' upstream.
    #[command(hide = true)]
    Simulate { address: SocketAddr },
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
    pub(crate) warmup: Duration,
    /// Requests after which the memory is read, twice.
    pub(crate) memory_after: [u64; 2],
    pub(crate) starts: usize,
}

impl Effort {
    fn of(arguments: &Arguments) -> Self {
        let full = Self {
            quick: false,
            rounds: arguments.rounds.max(1),
            turn: Duration::from_secs_f64(arguments.seconds.clamp(0.1, 600.0)),
            warmup: Duration::from_millis(400),
            memory_after: [100_000, 300_000],
            starts: 7,
        };
        match arguments.quick {
            false => full,
            true => Self {
                quick: true,
                rounds: 1,
                turn: Duration::from_millis(120),
                warmup: Duration::from_millis(50),
                memory_after: [500, 1_500],
                starts: 1,
            },
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Simulate { address }) => candidate::simulate(address),
        None => measure(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::say(&format!("conduit-bench: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let effort = Effort::of(arguments);
    let facts = facts::Facts::read()?;
    let results = results::measure(effort)?;
    let text = report::render(&facts, &effort, &results);
    match (&arguments.out, arguments.quick) {
        (Some(path), _) => std::fs::write(path, text)?,
        (None, false) => std::fs::write("docs/benchmarks.md", text)?,
        (None, true) => report::print(&text)?,
    }
    for figure in figures::compare(&results) {
        report::say(&figure.line());
    }
    Ok(())
}
