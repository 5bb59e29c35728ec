use super::*;
use crate::{Extras, Fault, FaultKind, Finish, FinishKind, Origin, Step, Usage};

fn start() -> Event {
    Event::Start { id: "a".into(), model: "m".into(), created: None, service_tier: None, extras: Extras::default() }
}

fn open(choice: u32, part: u32) -> Event {
    Event::PartStart { choice, part, open: PartOpen::Text }
}

fn text(choice: u32, part: u32) -> Event {
    Event::PartDelta { choice, part, delta: Delta::Text("x".into()) }
}

fn close(choice: u32, part: u32) -> Event {
    Event::PartEnd { choice, part }
}

fn finish(choice: u32) -> Event {
    Event::Finish { choice, finish: Finish { kind: FinishKind::Stop, native: "stop".into(), stop_sequence: None } }
}

fn first_breach(events: &[Event]) -> Option<(usize, Breach)> {
    let mut law = Law::default();
    events.iter().enumerate().find_map(|(n, event)| law.check(event).err().map(|breach| (n, breach)))
}

#[test]
fn a_whole_stream_of_two_choices_breaks_nothing() {
    let usage = Event::Usage { usage: Usage::default(), extras: Extras::default() };
    let events = [start(), open(0, 0), open(1, 0), text(0, 0), text(1, 0), close(0, 0), open(0, 1), text(0, 1), close(0, 1), finish(0)];
    let rest = [close(1, 0), finish(1), usage, Event::End];
    assert_eq!(first_breach(&[events.as_slice(), rest.as_slice()].concat()), None);
}

#[test]
fn each_law_is_enforced_at_the_event_that_breaks_it() {
    let error = || Event::Error(Box::new(Fault::new(FaultKind::ProviderUnavailable, Origin::Provider, Step::Relay, "x")));
    let arguments = Event::PartDelta { choice: 0, part: 0, delta: Delta::Arguments("{}".into()) };
    let cases: Vec<(Vec<Event>, usize, Breach)> = vec![
        (vec![open(0, 0)], 0, Breach::NotStarted),
        (vec![Event::End], 0, Breach::NotStarted),
        (vec![start(), start()], 1, Breach::StartedTwice),
        (vec![start(), open(0, 1)], 1, Breach::PartOutOfOrder { choice: 0, part: 1, expected: 0 }),
        (vec![start(), open(0, 0), open(0, 0)], 2, Breach::PartOutOfOrder { choice: 0, part: 0, expected: 1 }),
        (vec![start(), text(0, 0)], 1, Breach::PartNotOpen { choice: 0, part: 0 }),
        (vec![start(), open(0, 0), close(0, 0), text(0, 0)], 3, Breach::PartNotOpen { choice: 0, part: 0 }),
        (vec![start(), open(0, 0), close(0, 0), close(0, 0)], 3, Breach::PartNotOpen { choice: 0, part: 0 }),
        (vec![start(), open(0, 0), arguments], 2, Breach::WrongDelta { choice: 0, part: 0 }),
        (vec![start(), open(0, 0), finish(0)], 2, Breach::PartLeftOpen { choice: 0, part: 0 }),
        (vec![start(), open(1, 0), Event::End], 2, Breach::PartLeftOpen { choice: 1, part: 0 }),
        (vec![start(), finish(0), finish(0)], 2, Breach::FinishedTwice { choice: 0 }),
        (vec![start(), Event::End, Event::End], 2, Breach::AfterTheEnd),
        (vec![error(), start()], 1, Breach::AfterTheEnd),
    ];
    for (events, at, breach) in cases {
        assert_eq!(first_breach(&events), Some((at, breach)), "{events:?}");
    }
}
