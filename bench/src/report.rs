//! docs/benchmarks.md.

use crate::candidate::Candidate;
use crate::facts::Facts;
use crate::figures;
use crate::load::Turn;
use crate::requests::Kind;
use crate::results::Results;
use crate::rounds::Measured;
use crate::{Effort, Failure};
use std::fmt::Write as _;
use std::io::Write as _;

/// Progress, beside the report.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

pub(crate) fn print(text: &str) -> Result<(), Failure> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

pub(crate) fn render(facts: &Facts, effort: &Effort, results: &Results) -> String {
    let mut text = introduction(effort);
    text.push_str(&facts.table());
    text.push_str("\n## Figures to reach\n\n| figure | target | measured | |\n|---|---|---|---|\n");
    for figure in figures::compare(results) {
        let _ = writeln!(text, "| {} | {} | {} | {} |", figure.what, figure.target, figure.measured, figure.verdict());
    }
    text.push_str(&requests(results));
    text.push_str(&latencies(results));
    text.push_str(&streams(results));
    text.push_str(&lifetime(results));
    text
}

fn introduction(effort: &Effort) -> String {
    let Effort { rounds, turn, .. } = effort;
    let quick = if effort.quick { "\n**A quick run: it shows that the benchmark works, its figures mean nothing.**\n" } else { "" };
    format!(
        "# Benchmarks\n\n\
         Written by `make bench`; don't edit by hand. Run that command to measure again.\n{quick}\n\
         Three candidates answer the same requests in one run on one machine: the provider simulator itself, nginx as a bare proxy in front of it (`bench/nginx.conf`: keep-alive\n\
         to both sides, no buffering, no log), and Conduit in front of it (`bench/conduit.yaml`), with authentication and metering on as always. Load generator, simulator and\n\
         candidate share the cores. Every scenario has {rounds} rounds; in each the candidates take a turn of {turn:?} in changing order. Figures are medians over the rounds; a ratio is the\n\
         median of the ratios within each round. CPU time is that of the proxy's processes alone, user and system, read from /proc after they came to rest, so work put off until\n\
         after the answer counts.\n\n"
    )
}

fn requests(results: &Results) -> String {
    let mut text = "\n## Rate and CPU time\n\nCPU time in milliseconds per 1,000 requests.\n\n\
        | scenario | requests/s direct | nginx | Conduit | CPU nginx | Conduit | ratio |\n|---|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for measured in &results.scenarios {
        let rate = |candidate| cell(measured.median(candidate, |turn| turn.requests_per_second), 0);
        let cpu = |candidate| cell(measured.median(candidate, |turn| turn.cpu_per_request), 1);
        let ratio = measured.compared(Candidate::Conduit, Candidate::Nginx, |turn| turn.cpu_per_request, |ours, theirs| ours / theirs);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            measured.scenario.title,
            rate(Candidate::Direct),
            rate(Candidate::Nginx),
            rate(Candidate::Conduit),
            cpu(Candidate::Nginx),
            cpu(Candidate::Conduit),
            cell(ratio, 2),
        );
    }
    text
}

fn latencies(results: &Results) -> String {
    let mut text = "\n## Latency\n\nOf whole answers, in milliseconds; *added* is the difference within a round.\n\n\
        | scenario | p50 direct | nginx | Conduit | added to direct | to nginx | p99 direct | nginx | Conduit | added to direct | to nginx |\n\
        |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for measured in &results.scenarios {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            measured.scenario.title,
            latency(measured, |turn| turn.p50 / 1e3),
            latency(measured, |turn| turn.p99 / 1e3)
        );
    }
    text
}

fn latency(measured: &Measured, figure: impl Fn(&Turn) -> f64 + Copy) -> String {
    let own = Candidate::ALL.map(|candidate| cell(measured.median(candidate, figure), 3));
    let added = [Candidate::Direct, Candidate::Nginx]
        .map(|with| cell(measured.compared(Candidate::Conduit, with, figure, |ours, theirs| ours - theirs), 3));
    [own.join(" | "), added.join(" | ")].join(" | ")
}

fn streams(results: &Results) -> String {
    let mut text = "\n## Streams\n\nCPU time in microseconds per event. *Paused*: answers with 35 ms or more between two reads, which is what a missing TCP_NODELAY looks like.\n\n\
        | scenario | candidate | events/s | of nginx's | CPU per event | of nginx's | events per answer | paused | of |\n\
        |---|---|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let scenarios = results.scenarios.iter().filter(|measured| measured.scenario.kind.is_stream());
    for (measured, candidate) in scenarios.flat_map(|measured| Candidate::ALL.map(|candidate| (measured, candidate))) {
        let Some(rate) = measured.median(candidate, |turn| turn.events_per_second) else { continue };
        let cpu = measured.median(candidate, |turn| turn.cpu_per_event).filter(|_| candidate != Candidate::Direct);
        let ratio = |figure: fn(&Turn) -> f64| measured.compared(candidate, Candidate::Nginx, figure, |ours, theirs| ours / theirs);
        let _ = writeln!(
            text,
            "| {} | {} | {rate:.0} | {} | {} | {} | {} | {} | {} |",
            measured.scenario.title,
            candidate.name(),
            cell(ratio(|turn| turn.events_per_second), 2),
            cell(cpu, 2),
            cell(cpu.and_then(|_| ratio(|turn| turn.cpu_per_event)), 2),
            cell(measured.median(candidate, |turn| turn.events_per_answer), 1),
            measured.sum(candidate, |turn| turn.stalled),
            measured.sum(candidate, |turn| turn.answers),
        );
    }
    text
}

fn lifetime(results: &Results) -> String {
    let life = &results.lifetime;
    let mut text = format!(
        "\n## Memory and start\n\n| | |\n|---|---:|\n| start to ready, empty data directory | {:.0} ms |\n| resident memory, idle | {:.1} MiB |\n",
        life.ready, life.idle
    );
    for (requests, memory) in life.loaded {
        let _ = writeln!(text, "| resident memory after {requests} plain requests, 16 at a time | {memory:.1} MiB |");
    }
    let rate = results.scenario(Kind::Plain, 16).and_then(|measured| measured.median(Candidate::Conduit, |turn| turn.requests_per_second));
    let _ = writeln!(text, "| requests per second meanwhile, about | {} |", cell(rate, 0));
    text
}

fn cell(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.decimals$}"))
}
