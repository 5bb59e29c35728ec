//! The scenarios, and the rounds in which the candidates take turns.

use crate::candidate::{Candidate, Field};
use crate::load::{self, Load, Turn};
use crate::requests::Kind;
use crate::statistics::median;
use crate::{Effort, Failure, report};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) kind: Kind,
    pub(crate) concurrency: usize,
    pub(crate) title: &'static str,
}

const fn scenario(kind: Kind, concurrency: usize, title: &'static str) -> Scenario {
    Scenario { kind, concurrency, title }
}

pub(crate) const SCENARIOS: [Scenario; 9] = [
    scenario(Kind::Plain, 1, "plain request, 1 at a time"),
    scenario(Kind::Plain, 16, "plain request, 16 at a time"),
    scenario(Kind::Plain, 64, "plain request, 64 at a time"),
    scenario(Kind::Stream, 1, "stream of 100 events, 1 at a time"),
    scenario(Kind::Stream, 16, "stream of 100 events, 16 at a time"),
    scenario(Kind::Paced, 64, "stream of 100 events 10 ms apart, 64 at a time"),
    scenario(Kind::Large, 4, "request of 1 MB, 4 at a time"),
    scenario(Kind::Translated, 16, "plain request translated to Anthropic (nginx: not translated), 16 at a time"),
    scenario(Kind::TranslatedStream, 16, "stream translated from Anthropic (nginx: not translated), 16 at a time"),
];

/// One turn of each candidate that takes part, close together in time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    turns: Vec<(Candidate, Turn)>,
}

impl Round {
    fn turn(&self, candidate: Candidate) -> Option<&Turn> {
        self.turns.iter().find(|(who, _)| *who == candidate).map(|(_, turn)| turn)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) scenario: Scenario,
    rounds: Vec<Round>,
}

impl Measured {
    /// The median of a figure over the rounds; `None` where the candidate had no part.
    pub(crate) fn median(&self, candidate: Candidate, figure: impl Fn(&Turn) -> f64) -> Option<f64> {
        let values: Vec<_> = self.rounds.iter().filter_map(|round| round.turn(candidate).map(&figure)).collect();
        (!values.is_empty()).then(|| median(values))
    }

    /// The median over the rounds of what `compare` makes of two candidates' figures in the same round.
    pub(crate) fn compared(
        &self,
        candidate: Candidate,
        with: Candidate,
        figure: impl Fn(&Turn) -> f64,
        compare: impl Fn(f64, f64) -> f64,
    ) -> Option<f64> {
        let values: Vec<_> =
            self.rounds.iter().filter_map(|round| Some(compare(figure(round.turn(candidate)?), figure(round.turn(with)?)))).collect();
        (!values.is_empty()).then(|| median(values))
    }

    pub(crate) fn sum(&self, candidate: Candidate, figure: impl Fn(&Turn) -> u64) -> u64 {
        self.rounds.iter().filter_map(|round| round.turn(candidate)).map(figure).sum()
    }
}

pub(crate) fn measure(field: &Field, scenario: Scenario, effort: Effort) -> Result<Measured, Failure> {
    let mut rounds = Vec::new();
    for number in 0..effort.rounds {
        report::say(&format!("{}: round {} of {}", scenario.title, number + 1, effort.rounds));
        let mut round = Round::default();
        for place in 0..Candidate::ALL.len() {
            // Another order in each round: whoever comes after a heavy one would else always be the same.
            let Some(candidate) = Candidate::ALL.get((place + number) % Candidate::ALL.len()).copied() else { continue };
            let Some(request) = scenario.kind.request(candidate) else { continue };
            let load = Load {
                address: field.address(candidate),
                request: &request,
                concurrency: scenario.concurrency,
                warmup: effort.warmup,
                turn: effort.turn,
            };
            let turn = load::turn(&load, &field.usage(candidate))
                .map_err(|failure| format!("{}, {}: {failure}", candidate.name(), scenario.title))?;
            round.turns.push((candidate, turn));
        }
        rounds.push(round);
    }
    Ok(Measured { scenario, rounds })
}
