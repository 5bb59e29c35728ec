//! The figures to reach, and whether they are.

use crate::candidate::Candidate;
use crate::requests::Kind;
use crate::results::Results;

pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) measured: String,
    pub(crate) reached: bool,
}

impl Figure {
    fn at_most(what: &str, bound: f64, measured: f64, unit: &str) -> Self {
        let target = format!("at most {bound}{unit}");
        Self { what: what.to_owned(), target, measured: format!("{measured:.2}{unit}"), reached: measured <= bound }
    }

    fn below(what: &str, bound: f64, measured: f64, unit: &str) -> Self {
        let target = format!("below {bound}{unit}");
        Self { what: what.to_owned(), target, measured: format!("{measured:.3}{unit}"), reached: measured < bound }
    }

    pub(crate) fn verdict(&self) -> &'static str {
        if self.reached { "reached" } else { "**missed**" }
    }

    pub(crate) fn line(&self) -> String {
        format!("{}: {} ({}): {}", self.what, self.measured, self.target, self.verdict())
    }
}

pub(crate) fn compare(results: &Results) -> Vec<Figure> {
    let mut figures = against_nginx(results);
    let life = &results.lifetime;
    let [(sooner, first), (later, last)] = life.loaded;
    figures.extend([
        Figure::below("memory, idle", 40.0, life.idle, " MiB"),
        Figure::below(&format!("memory after {sooner} requests"), 100.0, first, " MiB"),
        Figure::at_most(&format!("growth of memory from there to {later} requests"), 3.0, last - first, " MiB"),
        Figure::below("start to ready on an empty data directory", 300.0, life.ready, " ms"),
        stalls(results),
    ]);
    figures
}

fn against_nginx(results: &Results) -> Vec<Figure> {
    let events = results.ratio(Kind::Stream, 16, |turn| turn.events_per_second);
    let added = results.scenario(Kind::Plain, 1).and_then(|measured| {
        measured.compared(Candidate::Conduit, Candidate::Nginx, |turn| turn.p50, |ours, theirs| (ours - theirs) / 1e3)
    });
    vec![
        Figure::at_most(
            "CPU per plain request at concurrency 16, of nginx's",
            2.5,
            results.ratio(Kind::Plain, 16, |t| t.cpu_per_request),
            " x",
        ),
        Figure::at_most(
            "CPU per streamed event at concurrency 16, of nginx's",
            2.5,
            results.ratio(Kind::Stream, 16, |t| t.cpu_per_event),
            " x",
        ),
        Figure {
            what: "events per second at concurrency 16, of nginx's".to_owned(),
            target: "at least 0.8 x".to_owned(),
            measured: format!("{events:.2} x"),
            reached: events >= 0.8,
        },
        Figure::at_most("CPU per request of 1 MB, of nginx's", 2.0, results.ratio(Kind::Large, 4, |t| t.cpu_per_request), " x"),
        Figure::at_most(
            "CPU per request translated to Anthropic, of nginx's plain request",
            4.0,
            results.ratio(Kind::Translated, 16, |t| t.cpu_per_request),
            " x",
        ),
        Figure::below("added p50 at concurrency 1, over nginx's", 0.15, added.unwrap_or(f64::NAN), " ms"),
    ]
}

/// A stream that pauses for 40 ms through Conduit and not without it: TCP_NODELAY is missing somewhere. A busy machine gives single ones.
fn stalls(results: &Results) -> Figure {
    let share = |candidate| {
        let (stalled, answers) = [Kind::Stream, Kind::Paced].into_iter().fold((0, 0), |(stalled, answers), kind| {
            results.scenarios.iter().filter(|measured| measured.scenario.kind == kind).fold((stalled, answers), |sum, measured| {
                (sum.0 + measured.sum(candidate, |turn| turn.stalled), sum.1 + measured.sum(candidate, |turn| turn.answers))
            })
        });
        stalled as f64 * 100.0 / f64::max(answers as f64, 1.0)
    };
    let (ours, direct) = (share(Candidate::Conduit), share(Candidate::Direct));
    Figure {
        what: "streams with a pause of 35 ms or more".to_owned(),
        target: "at most 1 % more than direct".to_owned(),
        measured: format!("{ours:.2} % (direct {direct:.2} %)"),
        reached: ours <= direct + 1.0,
    }
}
