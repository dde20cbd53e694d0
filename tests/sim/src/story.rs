//! What providers tell: the events of a call, as somebody who was there would tell them, with the provider's habits
//! (whether it stamps times, numbers events, names agents).

use chrono::{DurationRound, TimeDelta};
use switchroom_core::{
    Timestamp,
    fact::{AgentHint, CallFact, Direction, EndCause, EndReason, FactKind},
};

use crate::{
    centre::{AGENTS, CALLERS, LINES, QUEUES, connection},
    rng::Rng,
};

/// A call that will happen: its events, each with the moment in which the provider sends it first.
pub struct Story {
    pub events: Vec<(Timestamp, CallFact)>,
}

impl Story {
    pub fn of(rng: &mut Rng, n: u64, start: Timestamp) -> Self {
        // One provider stamps whole seconds, one microseconds and a sequence, one nothing at all.
        let habit = rng.below(3);
        let id = format!("pbx-{n}");
        let outbound = rng.permille(150);
        let (from, to) =
            if outbound { (LINES[0], CALLERS[3]) } else { (*rng.pick(&CALLERS), *rng.pick(&LINES)) };
        let queue = rng.permille(400).then(|| (*rng.pick(&QUEUES)).to_owned());
        let names = rng.permille(500);
        let mut steps: Vec<(FactKind, Option<u128>)> = Vec::new();
        let agent = |rng: &mut Rng| 1 + u128::from(rng.below(AGENTS as u64));
        let mut last = agent(rng);
        if rng.permille(930) {
            steps.push((FactKind::Ringing, names.then_some(last)));
            for _ in 0..rng.below(3) {
                if names {
                    last = agent(rng);
                }
                steps.push((FactKind::Ringing, names.then_some(last)));
            }
        }
        if rng.permille(650) {
            let named = rng.permille(800);
            steps.push((FactKind::Answered, named.then_some(last)));
            for _ in 0..rng.below(4) {
                match rng.below(4) {
                    0 => steps.push((FactKind::Held, None)),
                    1 => steps.push((FactKind::Resumed, None)),
                    2 => steps.push((FactKind::Transferred, None)),
                    _ => {
                        last = agent(rng);
                        steps.push((FactKind::Ringing, Some(last)));
                        steps.push((FactKind::Answered, Some(last)));
                    }
                }
            }
        }
        // Some endings are never told, some are told twice in different words.
        if rng.permille(850) {
            steps.push((FactKind::Ended(cause(rng)), None));
            if rng.permille(150) {
                steps.push((FactKind::Ended(cause(rng)), None));
            }
        }
        // A broken line, or a bot at the other end: more events than are known by heart, in seconds.
        let chatty = rng.permille(30);
        if chatty {
            let toggles = (0..300).map(|n| if n % 2 == 0 { FactKind::Held } else { FactKind::Resumed });
            let after_first = steps.len().min(1);
            steps.splice(after_first..after_first, toggles.map(|kind| (kind, None)));
        }
        let mut at = start;
        let mut events = Vec::new();
        for (sequence, (kind, agent)) in steps.into_iter().enumerate() {
            let told = match habit {
                0 => at.duration_trunc(TimeDelta::seconds(1)).ok(),
                1 => Some(at),
                _ => None,
            };
            let first = sequence == 0;
            let fact = CallFact {
                connection: connection(u128::from(habit)),
                provider_call_id: id.clone(),
                kind,
                key: format!("{sequence}:{kind:?}"),
                provider_event_id: rng.permille(300).then(|| format!("{id}-{sequence}")),
                at: told,
                sequence: (habit == 1).then_some(sequence as i64),
                direction: (first || rng.permille(300)).then_some(if outbound {
                    Direction::Outbound
                } else {
                    Direction::Inbound
                }),
                from: (first || rng.permille(300)).then(|| from.to_owned()),
                to: (first || rng.permille(300)).then(|| to.to_owned()),
                agents: agent.map(|n| AgentHint::Extension(format!("{}", 200 + n))).into_iter().collect(),
                queue: queue.clone().filter(|_| first || rng.permille(200)),
                received_at_us: 0,
            };
            events.push((at, fact));
            let longest = match () {
                () if chatty => 60,
                () if rng.permille(100) => 200_000,
                () => 8_000,
            };
            at += rng.between(0, longest);
        }
        Self { events }
    }
}

fn cause(rng: &mut Rng) -> EndCause {
    *rng.pick(&[
        EndCause::Completed,
        EndCause::CallerGaveUp,
        EndCause::NoAnswer,
        EndCause::Busy,
        EndCause::Rejected,
        EndCause::Failed,
        EndCause::Voicemail,
        EndCause::Forwarded,
        EndCause::Stated(EndReason::Abandoned),
        EndCause::Unstated,
    ])
}
