//! Stories of calls and agents through the live core.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use chrono::TimeDelta;
use support::*;
use switchroom_core::{
    EventId,
    agent::{Chosen, Presence},
    call::CallState,
    fact::{
        EndCause::{self, *},
        EndReason,
        FactKind::{self, *},
    },
    frame::{Audience, frames_of},
    log::{EventData, EventType, LogEvent},
    number_plan::NumberPlan,
    tenant::{Input, Outcome, TenantLive},
    wallboard::WallboardFold,
};

#[test]
fn every_ending_has_its_reason() {
    use EndReason as R;
    let cases: [(EndCause, R, R, R); 13] = [
        // cause, unanswered, unanswered in a queue, answered
        (Completed, R::Completed, R::Completed, R::Completed),
        (CallerGaveUp, R::Missed, R::Abandoned, R::Completed),
        (Unstated, R::Missed, R::Abandoned, R::Completed),
        (NoAnswer, R::Missed, R::Missed, R::Completed),
        (Forwarded, R::Missed, R::Missed, R::Completed),
        (EndCause::Busy, R::Busy, R::Busy, R::Completed),
        (EndCause::Rejected, R::Rejected, R::Rejected, R::Completed),
        (EndCause::Failed, R::Failed, R::Failed, R::Completed),
        (EndCause::Voicemail, R::Voicemail, R::Voicemail, R::Voicemail),
        (Stated(R::Missed), R::Missed, R::Missed, R::Missed),
        (Stated(R::Abandoned), R::Abandoned, R::Abandoned, R::Abandoned),
        (Stated(R::Completed), R::Completed, R::Completed, R::Completed),
        (Stated(R::Rejected), R::Rejected, R::Rejected, R::Rejected),
    ];
    for (cause, unanswered, queued, answered) in cases {
        let mut centre = Centre::new();
        centre.tell(fact("u", Ringing, 0));
        centre.tell(fact("u", Ended(cause), 9));
        assert_eq!(centre.call("u").end_reason, Some(unanswered), "{cause:?} unanswered");
        centre.tell(fact("q", Ringing, 0).queued("support"));
        centre.tell(fact("q", Ended(cause), 9));
        assert_eq!(centre.call("q").end_reason, Some(queued), "{cause:?} in a queue");
        centre.tell(fact("a", Ringing, 0).queued("support"));
        centre.tell(fact("a", Answered, 3).naming(&[1]));
        centre.tell(fact("a", Ended(cause), 9));
        assert_eq!(centre.call("a").end_reason, Some(answered), "{cause:?} after an answer");
    }
}

#[test]
fn a_stated_reason_rules_over_an_unstated_one_whichever_came_first() {
    for reversed in [false, true] {
        let mut facts = vec![fact("c", Ended(Unstated), 5), fact("c", Ended(EndCause::Busy), 7)];
        if reversed {
            facts.reverse();
        }
        let mut centre = Centre::new();
        for fact in facts {
            centre.tell(fact);
        }
        assert_eq!(centre.call("c").end_reason, Some(EndReason::Busy));
        assert_eq!(centre.call("c").ended_at, Some(at(5)));
    }
}

#[test]
fn state_by_fact() {
    use CallState as S;
    let reach: [(S, Vec<FactKind>); 5] = [
        (S::Ringing, vec![Ringing]),
        (S::Answered, vec![Ringing, Answered]),
        (S::Held, vec![Ringing, Answered, Held]),
        (S::Transferring, vec![Ringing, Answered, Transferred]),
        (S::Ended, vec![Ringing, Answered, Ended(Unstated)]),
    ];
    // Each row of the table in core::call: what a later, and what an older fact makes of each state.
    let table = |from: S, kind: FactKind, late: bool| match (from, kind) {
        (S::Ended, _) | (_, Ended(_)) => S::Ended,
        (from, Ringing) => from,
        (S::Ringing, Answered | Resumed) => S::Answered,
        (S::Ringing, Held) => S::Held,
        (S::Ringing, Transferred) => S::Transferring,
        (from, _) if !late => from,
        (_, Answered | Resumed) => S::Answered,
        (_, Held) => S::Held,
        (_, Transferred) => S::Transferring,
    };
    for (from, path) in &reach {
        for kind in [Ringing, Answered, Held, Resumed, Transferred, Ended(Unstated)] {
            for late in [true, false] {
                let mut centre = Centre::new();
                for (step, kind) in path.iter().enumerate() {
                    centre.tell(fact("c", *kind, 10 * (step as i64 + 1)));
                }
                assert_eq!(centre.call("c").state, *from);
                let told = centre.tell(fact("c", kind, if late { 100 } else { 11 }));
                let expected = table(*from, kind, late);
                assert_eq!(centre.call("c").state, expected, "{from:?} + {kind:?}, late: {late}");
                if expected == *from && *from != S::Ringing {
                    assert!(!told.call_event().effective, "{from:?} + {kind:?}, late: {late}: no effect");
                }
                if expected != *from {
                    assert!(told.call_event().effective, "{from:?} + {kind:?}, late: {late}: an effect");
                }
            }
        }
    }
}

#[test]
fn a_pop_goes_to_the_named_agent_and_says_who_calls() {
    let mut centre = Centre::new();
    let told = centre.tell(fact("c", Ringing, 0).naming(&[2]));
    assert_eq!(told.words, ["2 screen_pop"]);
    let frame = &told.frames()[0];
    assert_eq!(frame.event_id, Some(frame.id_for(user(2))));
    let data: serde_json::Value = serde_json::from_str(&frame.data_pushed_at(7)).unwrap();
    assert_eq!(data["pushed_at_us"], 7);
    assert_eq!(data["received_at_us"], at(0).timestamp_micros() + 1);
    assert!(data["caller"]["caller_name"].is_string() || data["caller"]["customer_name"].is_string());
    assert_eq!(data["caller"]["contact"]["id"], contact().id.to_string());
    assert_eq!(data["ticket_draft"]["phone_number"], CALLER);
    assert_eq!(data["ticket_draft"]["call_id"], data["call"]["id"]);
    assert!(data["ticket_draft"]["title"].is_null() && data["ticket_draft"].get("title").is_some());
    let keys: Vec<&String> = data["call"].as_object().unwrap().keys().collect();
    let mut expected = [
        "id",
        "connection_id",
        "provider_call_id",
        "direction",
        "state",
        "from",
        "to",
        "number_id",
        "queue",
        "started_at",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(data["call"]["number_id"], "00000000-0000-0000-0000-000000000013");
    assert_eq!(centre.live.open_pops(user(2)).len(), 1);
    // Everything also goes to those who watch all calls, but a pop would take over their screen.
    let topics: Vec<&str> = told
        .frames()
        .iter()
        .filter(|frame| frame.to == Audience::Topic("calls") && frame.type_ != "presence")
        .map(|frame| frame.type_)
        .collect();
    assert_eq!(topics, ["call_updated"]);
}

#[test]
fn one_answers_and_the_others_are_let_go() {
    let mut centre = Centre::new();
    for n in 1..=3 {
        centre.choose(n, Chosen::Available);
    }
    assert_eq!(centre.tell(fact("c", Ringing, 0)).words, ["1 screen_pop", "2 screen_pop", "3 screen_pop"]);
    assert_eq!(centre.presence(1), Presence::Available, "a pop to everybody takes nobody's availability");
    let told = centre.tell(fact("c", Answered, 5).naming(&[2]));
    assert_eq!(told.words, ["1 pop_withdrawn", "3 pop_withdrawn", "2 call_updated"]);
    assert_eq!(centre.presence(2), Presence::OnCall);
    assert_eq!(centre.call("c").agent_id, Some(user(2)));
    assert!(centre.live.open_pops(user(1)).is_empty());
    let told = centre.tell(fact("c", Ended(Unstated), 50));
    assert_eq!(told.words, ["1 call_ended", "2 call_ended", "3 call_ended"], "everybody who had the pop");
    assert_eq!(centre.presence(2), Presence::Available);
    assert_eq!(centre.live.live_calls(), 0);
}

#[test]
fn routing_of_pops() {
    let mut centre = Centre::new();
    assert_eq!(centre.tell(fact("a", Ringing, 0).to(LINE_OF_1)).pops(), [1], "connected, though offline");
    assert_eq!(centre.presence(1), Presence::Ringing);
    assert_eq!(centre.tell(fact("b", Ringing, 0).to(LINE_OF_1).naming(&[4])).pops(), [4], "named rules");
    assert!(centre.tell(fact("c", Ringing, 0)).pops().is_empty(), "nobody is available");
    centre.choose(5, Chosen::Available);
    assert_eq!(centre.tell(fact("d", Ringing, 0)).pops(), [5]);
    let mut unknown = fact("e", Ringing, 0).to(LINE_OF_1);
    unknown.agents = vec![switchroom_core::fact::AgentHint::Any("nobody at all".into())];
    assert_eq!(centre.tell(unknown).pops(), [1], "a name that resolves to nobody is ignored");
    assert!(centre.tell(fact("f", Ringing, 0).outbound(CALLER)).pops().is_empty());
    let told = centre.tell(fact("g", Ringing, 0).outbound(CALLER).naming(&[3]));
    assert_eq!(told.pops(), [3]);
    let EventData::Call(data) = &told.call_event().data else { unreachable!() };
    assert_eq!(data.caller.as_ref().unwrap().contact, Some(contact()), "outbound: who is called");
    assert_eq!(data.call.number_id.map(|id| id.0.as_u128()), Some(0x11), "outbound: the line called from");
}

#[test]
fn a_bots_line_asks_nobody_until_somebody_is_named() {
    let mut centre = Centre::new();
    for n in 1..=3 {
        centre.choose(n, Chosen::Available);
    }
    let told = centre.tell(fact("c", Ringing, 0).to(BOT_LINE).queued("support"));
    assert!(told.pops().is_empty(), "the bot takes it, whoever is available");
    assert_eq!(centre.call("c").bot_id, Some(bot()), "the entry says whose line it is");
    assert_eq!(centre.call("c").state, CallState::Ringing, "and the board sees it");
    centre.tell(fact("c", Answered, 2).to(BOT_LINE));
    assert_eq!(centre.call("c").agent_id, None, "no person has answered");
    // Handed over: the agent whose phone rings sees the caller, and takes the call as any other.
    assert_eq!(centre.tell(fact("c", Ringing, 5).to(BOT_LINE).naming(&[2])).pops(), [2]);
    assert_eq!(centre.presence(2), Presence::Ringing);
    centre.tell(fact("c", Answered, 7).to(BOT_LINE).naming(&[2]));
    assert_eq!(centre.call("c").agent_id, Some(user(2)));
    centre.tell(fact("c", Ended(Unstated), 9));
    assert_eq!(centre.call("c").end_reason, Some(EndReason::Completed));
    // What was recorded does not change when the line becomes somebody else's.
    centre.lines = NumberPlan::default();
    centre.tell(fact("c", Ringing, 10).to(BOT_LINE));
    assert_eq!(centre.call("c").bot_id, Some(bot()));
    assert_eq!(
        centre.tell(fact("d", Ringing, 11).to(BOT_LINE)).pops(),
        [1, 2, 3],
        "a line of nobody's asks all"
    );
}

#[test]
fn nobody_is_popped_twice_and_later_names_are_popped_too() {
    let mut centre = Centre::new();
    assert_eq!(centre.tell(fact("c", Ringing, 0).naming(&[1])).pops(), [1]);
    assert!(centre.tell(fact("c", Ringing, 2).naming(&[1])).pops().is_empty());
    assert_eq!(centre.tell(fact("c", Ringing, 4).naming(&[1, 2])).pops(), [2]);
    let again = centre.handle(Input::Fact(fact("c", Ringing, 4).naming(&[1, 2])));
    assert_eq!((again.outcome, again.events.len()), (Outcome::Repetition, 0));
}

#[test]
fn first_seen_as_ended_never_pops() {
    let mut centre = Centre::new();
    let told = centre.tell(fact("c", Ended(Unstated), 9).naming(&[1]));
    assert!(told.words.is_empty());
    for kind in [Ringing, Answered, Ringing] {
        assert!(centre.tell(fact("c", kind, 1).naming(&[1])).words.is_empty(), "{kind:?}");
    }
    assert_eq!(centre.call("c").end_reason, Some(EndReason::Completed), "the answer told late counts");
    assert_eq!(centre.presence(1), Presence::Offline);
}

#[test]
fn an_answer_before_its_ring_pops_to_who_answered_once() {
    let mut centre = Centre::new();
    assert_eq!(centre.tell(fact("c", Answered, 5).naming(&[1])).pops(), [1]);
    let told = centre.tell(fact("c", Ringing, 0).naming(&[1, 2]));
    assert!(told.pops().is_empty(), "it was answered since");
    assert!(!told.call_event().effective);
    assert_eq!(centre.call("c").started_at, at(0), "but it tells when the call began");
    assert_eq!(centre.tell(fact("c", Transferred, 8)).words, ["1 call_updated"]);
    assert_eq!(centre.tell(fact("c", Ringing, 9).naming(&[2])).pops(), [2], "the next phone of a transfer");
    let told = centre.tell(fact("c", Answered, 12).naming(&[2]));
    assert_eq!(told.words, ["1 pop_withdrawn", "2 call_updated"]);
    assert_eq!((centre.presence(1), centre.presence(2)), (Presence::Offline, Presence::OnCall));
    assert_eq!(centre.call("c").agent_id, Some(user(1)), "who answered");
}

#[test]
fn a_menu_that_answers_does_not_take_the_pop_away() {
    let mut centre = Centre::new();
    centre.choose(1, Chosen::Available);
    // A cloud provider reports the call as answered when its own menu takes it, and rings an agent afterwards.
    centre.tell(fact("c", Answered, 1));
    assert!(centre.tell(fact("c", Ringing, 2)).pops().is_empty(), "rings nobody in particular");
    assert_eq!(centre.tell(fact("c", Ringing, 3).naming(&[2])).pops(), [2]);
    assert_eq!(centre.tell(fact("c", Answered, 9).naming(&[2])).words, ["2 call_updated"]);
    assert_eq!(centre.call("c").answered_at, Some(at(1)));
}

#[test]
fn wrap_up_has_a_deadline_and_a_choice_ends_it() {
    let mut centre = Centre::new();
    centre.settings.wrap_up_ms = 30_000;
    centre.choose(1, Chosen::Available);
    centre.choose(2, Chosen::Available);
    for n in [1, 2] {
        let call = format!("c{n}");
        centre.tell(fact(&call, Ringing, 0).naming(&[n]));
        centre.tell(fact(&call, Answered, 1).naming(&[n]));
        assert_eq!(centre.presence(n), Presence::OnCall);
        centre.tell(fact(&call, Ended(Unstated), 2));
        assert_eq!(centre.presence(n), Presence::WrapUp);
    }
    centre.choose(2, Chosen::Available);
    assert_eq!(centre.presence(2), Presence::Available);
    centre.pass(TimeDelta::seconds(29));
    assert_eq!(centre.presence(1), Presence::WrapUp);
    let since = centre.now + TimeDelta::seconds(1);
    centre.pass(TimeDelta::seconds(2));
    assert_eq!(centre.presence(1), Presence::Available);
    assert_eq!(centre.live.presence(user(1)).unwrap().since, since);
}

#[test]
fn a_ring_without_an_end_is_a_lease() {
    let mut centre = Centre::new();
    centre.choose(1, Chosen::Break);
    centre.tell(fact("c", Ringing, 0).naming(&[1]));
    assert_eq!(centre.presence(1), Presence::Ringing);
    centre.pass(TimeDelta::seconds(121));
    assert_eq!(centre.presence(1), Presence::Break);
    assert_eq!(centre.call("c").state, CallState::Ringing, "the call itself waits for its own end");
}

#[test]
fn a_silent_call_ends_by_itself_until_its_real_end_is_told() {
    let mut centre = Centre::new();
    centre.tell(fact("c", Ringing, 0).naming(&[1]));
    centre.tell(fact("c", Answered, 5).naming(&[1]));
    centre.pass(TimeDelta::hours(2));
    centre.tell(fact("c", Held, 7_200));
    centre.pass(TimeDelta::hours(3));
    assert_eq!(centre.call("c").state, CallState::Held, "something was heard two hours in");
    centre.pass(TimeDelta::hours(2));
    let call = centre.call("c");
    assert_eq!((call.state, call.end_reason), (CallState::Ended, Some(EndReason::Failed)));
    assert_eq!(call.ended_at, Some(at(0) + TimeDelta::hours(6)));
    assert_eq!(centre.presence(1), Presence::Offline);
    centre.tell(fact("c", Ended(EndCause::Completed), 8_000));
    let call = centre.call("c");
    assert_eq!((call.end_reason, call.ended_at), (Some(EndReason::Completed), Some(at(8_000))));
}

#[test]
fn lost_sockets_take_an_agent_offline_after_the_grace_but_never_off_a_call() {
    let mut centre = Centre::new();
    let lost = |n| Input::LastSocketLost { user: user(n) };
    let opened = |n| Input::SocketOpened { user: user(n) };
    centre.handle(opened(1));
    assert_eq!(centre.presence(1), Presence::Offline, "a socket alone says nothing");
    centre.choose(1, Chosen::Available);
    centre.handle(lost(1));
    centre.pass(TimeDelta::seconds(9));
    centre.handle(opened(1));
    centre.pass(TimeDelta::minutes(5));
    assert_eq!(centre.presence(1), Presence::Available, "back within the grace");
    centre.handle(lost(1));
    centre.pass(TimeDelta::seconds(10));
    assert_eq!(centre.presence(1), Presence::Offline);

    centre.handle(opened(1));
    centre.choose(1, Chosen::Available);
    centre.tell(fact("c", Answered, 0).naming(&[1]));
    centre.handle(lost(1));
    centre.pass(TimeDelta::minutes(1));
    assert_eq!(centre.presence(1), Presence::OnCall);
    assert!(centre.live.next_deadline().is_some_and(|at| at > centre.now), "no timer spins meanwhile");
    centre.tell(fact("c", Ended(Unstated), 60));
    assert_eq!(centre.presence(1), Presence::Offline);
}

#[test]
fn ten_thousand_events_of_one_call_take_no_more_room_than_a_few() {
    let mut centre = Centre::new();
    centre.tell(fact("c", Ringing, 0).naming(&[1]));
    let size = |centre: &Centre| {
        let (calls, _) = centre.live.memory();
        serde_json::to_string(calls.values().next().unwrap()).unwrap().len()
    };
    for n in 0..200 {
        centre.tell(fact("c", if n % 2 == 0 { Held } else { Resumed }, n));
    }
    let few = size(&centre);
    for n in 200..10_000 {
        centre.tell(fact("c", if n % 2 == 0 { Held } else { Resumed }, n));
    }
    assert!(size(&centre) <= few + 16, "{} bytes after 10,000 events, {few} after 200", size(&centre));
    assert_eq!(centre.call("c").state, CallState::Answered);
    assert_eq!(centre.live.open_pops(user(1)).len(), 1);
    let again = centre.handle(Input::Fact(fact("c", Resumed, 9_999)));
    assert_eq!(again.outcome, Outcome::Repetition);
}

#[test]
fn odd_input_is_taken_in_bounds() {
    let mut centre = Centre::new();
    let mut odd = fact(&"x".repeat(5_000), Ringing, 0).queued(&"q\0".repeat(500));
    odd.key = "a\0b".into();
    odd.from = Some("\0\0".into());
    odd.to = Some(String::new());
    odd.agents = vec![switchroom_core::fact::AgentHint::Name("\0".into()); 10_000];
    odd.received_at_us = i64::MAX;
    odd.at = None;
    let told = centre.tell(odd);
    let json = told.call_event().data.to_json().unwrap();
    assert!(!json.contains("\\u0000"), "Postgres keeps no U+0000");
    let EventData::Call(data) = &told.call_event().data else { unreachable!() };
    assert_eq!(data.call.provider_call_id.chars().count(), 512);
    assert_eq!(data.call.queue.as_ref().unwrap().chars().count(), 200);
}

#[test]
fn entries_read_back_from_the_log_give_the_same_frames_and_the_same_state() {
    let mut centre = Centre::new();
    centre.settings.wrap_up_ms = 5_000;
    for n in 1..=4 {
        centre.choose(n, Chosen::Available);
    }
    centre.tell(fact("a", Ringing, 0).queued("support"));
    centre.tell(fact("b", Ringing, 1).naming(&[2]).to(LINE_OF_1));
    centre.tell(fact("a", Answered, 3).naming(&[1]));
    centre.tell(fact("b", Answered, 4).naming(&[2]));
    centre.tell(fact("a", Held, 5));
    centre.tell(fact("a", Ringing, 2));
    centre.tell(fact("b", Ended(Unstated), 9));
    centre.tell(fact("d", Ended(EndCause::Busy), 9));
    centre.tell(fact("e", Ringing, 9).outbound("+33600000000").naming(&[3]));
    centre.pass(TimeDelta::seconds(3));
    let mut replayed = TenantLive::default();
    for event in &centre.log {
        let data = EventData::from_json(event.type_, &event.data.to_json().unwrap()).unwrap();
        let read = LogEvent { data, ..LogEvent::clone(event) };
        assert_eq!(read, **event);
        assert_eq!(frames_of(&read), frames_of(event));
        replayed.apply(&std::sync::Arc::new(read));
    }
    replayed.check_invariants();
    assert_eq!(replayed.memory(), centre.live.memory());
    for n in 1..=4 {
        assert_eq!(replayed.open_pops(user(n)), centre.live.open_pops(user(n)));
    }
}

#[test]
fn the_board_counts_what_the_log_says() {
    let mut centre = Centre::new();
    centre.choose(1, Chosen::Available);
    centre.choose(2, Chosen::Break);
    // Answered in 10 s, answered in 30 s, abandoned after 10 s, missed, still waiting, outbound.
    centre.tell(fact("a", Ringing, 0).queued("support"));
    centre.tell(fact("a", Answered, 10).naming(&[1]));
    centre.tell(fact("b", Ringing, 0));
    centre.tell(fact("b", Answered, 30).naming(&[3]));
    centre.tell(fact("b", Ended(Unstated), 60));
    centre.tell(fact("c", Ringing, 1).queued("support"));
    centre.tell(fact("c", Ended(CallerGaveUp), 11));
    centre.tell(fact("d", Ringing, 1));
    centre.tell(fact("d", Ended(NoAnswer), 31));
    centre.tell(fact("e", Ringing, 65).queued("sales"));
    centre.tell(fact("f", Ringing, 70).outbound(CALLER));
    centre.now = at(80);
    let mut board = WallboardFold::new(centre.now);
    for event in &centre.log {
        board.apply(centre.now, event);
    }
    let shown = board.render(centre.now, 1, &centre.roster);
    assert_eq!(
        (shown.calls.waiting, shown.calls.ringing, shown.calls.talking, shown.calls.held),
        (1, 2, 1, 0)
    );
    let queues: Vec<(&str, u64)> = shown.queues.iter().map(|q| (q.name.as_str(), q.waiting)).collect();
    assert_eq!(queues, [("sales", 1), ("support", 0)]);
    assert_eq!(shown.queues[0].oldest_since, Some(at(65)));
    let figure = |name: &str| shown.figures.iter().find(|figure| figure.name == name).unwrap().value;
    for (name, value) in [
        ("offered_today", 5.0),
        ("answered_today", 2.0),
        ("missed_today", 1.0),
        ("abandoned_today", 1.0),
        ("outbound_today", 1.0),
        ("service_level_sl", 0.5),
        ("service_level_sl2", 2.0 / 3.0),
        ("service_level_offered", 0.2),
        ("abandon_rate", 1.0 / 3.0),
        ("asa_ms", 20_000.0),
    ] {
        assert_eq!(figure(name), Some(value), "{name}");
    }
    let minutes: Vec<u64> = shown.series.calls_per_minute.iter().map(|minute| minute.calls).collect();
    assert_eq!(minutes.len(), 60);
    assert_eq!(minutes.iter().sum::<u64>(), 6);
    let rows: Vec<(&str, Presence)> =
        shown.agents.iter().take(3).map(|row| (&*row.name, row.presence)).collect();
    assert_eq!(
        rows,
        [("Agent 1", Presence::OnCall), ("Agent 2", Presence::Break), ("Agent 3", Presence::Offline),]
    );

    // The same from the standing of the calls alone, as after a restart.
    let mut restored = WallboardFold::new(centre.now);
    let (calls, agents) = centre.live.memory();
    for (id, call) in &calls {
        restored.restore_call(*id, &call.fold.snapshot().outline());
    }
    for change in agents.into_values() {
        restored.restore_presence(change);
    }
    assert_eq!(restored.render(centre.now, 1, &centre.roster), shown);

    // A delta holds what changed and nothing else; a board nothing happens to stays as it is.
    assert_eq!(board.render(centre.now, 2, &centre.roster).delta(&shown), None);
    for event in centre.tell(fact("e", Ended(CallerGaveUp), 90)).decision {
        board.apply(centre.now, &event);
    }
    let delta = board.render(centre.now, 2, &centre.roster).delta(&shown).unwrap();
    assert_eq!((delta.base, delta.revision), (1, 2));
    assert!(delta.calls.is_some() && delta.queues.is_some() && delta.figures.is_some());
    assert!(delta.agents.is_empty() && delta.series.is_none());

    // Tomorrow begins with nothing but what still lives.
    let tomorrow = centre.now + TimeDelta::days(1);
    let shown = board.render(tomorrow, 3, &centre.roster);
    assert_eq!(shown.figures[0].value, Some(0.0));
    assert_eq!(shown.calls.talking, 1);

    // A clock that was a day ahead for a while, and is set right, takes nothing from today.
    for event in centre.tell(fact("a", Held, 95)).decision {
        board.apply(tomorrow, &event);
    }
    for event in centre.tell(fact("a", Resumed, 96)).decision {
        board.apply(centre.now, &event);
    }
    let shown = board.render(centre.now, 4, &centre.roster);
    assert_eq!((shown.figures[0].value, shown.figures[1].value), (Some(5.0), Some(2.0)));
    assert_eq!(shown.calls.talking, 1);
    centre.tell(fact("g", Ringing, 97)).decision.iter().for_each(|event| board.apply(centre.now, event));
    let shown = board.render(centre.now, 5, &centre.roster);
    assert_eq!(shown.series.calls_per_minute.last().unwrap().calls, 1, "this minute is counted");
}

#[test]
fn ids_of_entries_and_frames_are_those_of_the_event() {
    let mut first = Centre::new();
    let mut second = Centre::new();
    second.now = at(1_000);
    let a = first.tell(fact("c", Ringing, 0).naming(&[1]));
    let b = second.tell(fact("c", Ringing, 0).naming(&[1]));
    // Those of the call. What it does to an agent is another entry whenever it is decided (see `tenant/agents.rs`).
    let ids = |told: &Told| {
        let frames = told.frames();
        let of_the_call = frames.iter().filter(|frame| frame.type_ != "presence");
        of_the_call.map(|frame| (frame.source, frame.event_id)).collect::<Vec<_>>()
    };
    assert_eq!(ids(&a), ids(&b), "a process that died and is told again derives the same ids");
    assert_eq!(a.call_event().type_, EventType::Ringing);
    assert_ne!(a.call_event().event_id, EventId(uuid::Uuid::nil()));
}

#[test]
fn an_agent_whom_many_calls_name_sees_them_all_and_is_tied_to_a_few() {
    let mut centre = Centre::new();
    let mut told = 0;
    for n in 0..30 {
        let ring = centre.tell(fact(&format!("c{n}"), Ringing, n).naming(&[1]));
        assert_eq!(ring.pops(), [1]);
        told += ring.frames().iter().filter(|frame| frame.type_ == "presence").count();
    }
    assert_eq!(centre.presence(1), Presence::Ringing);
    assert_eq!(told, 3, "one change of what is shown, to the agent and the two topics");
    assert_eq!(centre.live.presence(user(1)).unwrap().calls.len(), 8);
    // The last of them was not among those that tie, and can be taken all the same.
    centre.tell(fact("c29", Answered, 40).naming(&[1]));
    assert_eq!(centre.presence(1), Presence::OnCall);
    for n in 0..30 {
        centre.tell(fact(&format!("c{n}"), Ended(Completed), 50 + n));
    }
    assert_eq!(centre.live.presence(user(1)).unwrap().calls.len(), 0);
    assert_ne!(centre.presence(1), Presence::OnCall);
}

/// What a late event came to is written from memory, so it must not be forgotten in the moment it is taken.
#[test]
fn an_event_that_comes_days_late_is_remembered_like_any_other() {
    let mut centre = Centre::new();
    let call = switchroom_core::CallId::derive(connection(), "late");
    centre.tell(fact("late", FactKind::Ringing, 0));
    centre.tell(fact("late", FactKind::Ended(EndCause::NoAnswer), 30));
    let hours = |hours: i64| at(hours * 3_600);
    centre.now = hours(49);
    centre.tell(fact("late", FactKind::Answered, 10));
    assert!(centre.live.call(call).is_some_and(|call| call.fold.was_answered()), "it was heard of just now");
    centre.now = hours(90);
    centre.choose(1, Chosen::Available);
    assert!(centre.live.call(call).is_some());
    centre.now = hours(98);
    centre.choose(1, Chosen::Break);
    assert!(centre.live.call(call).is_none(), "forgotten two days after it was last heard of");
}
