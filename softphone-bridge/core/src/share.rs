//! Fair shares of what is scarce: however much one sender asks for, something is left for the next one.
//!
//! One rule for all of them (the dynamic threshold of Choudhury and Hahne, 1998): a sender may hold at most
//! [`GREED`] times what is free. Alone it gets four fifths of everything, the next one four fifths of the rest until the
//! first has let go of something, and in the end both get four ninths. There is no rate to set and nothing to configure:
//! while there is plenty, the rule refuses nobody.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
};

/// How many times what is free one sender may hold.
pub const GREED: usize = 4;

/// Who shares: an IPv4 address, or the network of an IPv6 one (whoever has one of its addresses has them all).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sender(IpAddr);

impl From<IpAddr> for Sender {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
            address => address,
        })
    }
}

/// Whether somebody who holds so many may have another one.
pub fn allows(held: usize, all: usize, limit: usize) -> bool {
    let free = limit.saturating_sub(all);
    free > 0 && held < free.saturating_mul(GREED)
}

/// Messages that wait to be worked on: one lane for each sender, served in turn.
#[derive(Debug)]
pub struct FairQueue<T> {
    lanes: HashMap<Sender, Lane<T>>,
    /// Senders with something in their lane, each once.
    turns: VecDeque<Sender>,
    limit: usize,
    size: usize,
}

#[derive(Debug)]
struct Lane<T> {
    waiting: VecDeque<(usize, T)>,
    size: usize,
}

impl<T> FairQueue<T> {
    /// `limit` is in the unit of the sizes that are pushed.
    pub fn new(limit: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), limit, size: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Gives the item back when its sender has its share waiting already.
    pub fn push(&mut self, sender: Sender, size: usize, item: T) -> Result<(), T> {
        let held = self.lanes.get(&sender).map_or(0, |lane| lane.size);
        if !allows(held, self.size, self.limit) {
            return Err(item);
        }
        let lane = self.lanes.entry(sender).or_insert_with(|| {
            self.turns.push_back(sender);
            Lane { waiting: VecDeque::new(), size: 0 }
        });
        lane.waiting.push_back((size, item));
        lane.size += size;
        self.size += size;
        Ok(())
    }

    /// The oldest item of the sender whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        let sender = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&sender)?;
        let (size, item) = lane.waiting.pop_front()?;
        lane.size -= size;
        self.size -= size;
        if lane.waiting.is_empty() {
            self.lanes.remove(&sender);
        } else {
            self.turns.push_back(sender);
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sender(n: u8) -> Sender {
        IpAddr::from([192, 0, 2, n]).into()
    }

    #[test]
    fn a_greedy_sender_leaves_room_and_waits_behind_itself() {
        let mut queue = FairQueue::new(100);
        let taken = (0..1_000).filter(|n| queue.push(sender(1), 1, (1, *n)).is_ok()).count();
        assert_eq!(taken, 80);
        assert_eq!(queue.push(sender(2), 1, (2, 0)), Ok(()));
        assert_eq!(queue.pop(), Some((1, 0)));
        assert_eq!(queue.pop(), Some((2, 0)), "its turn comes second, not eighty-first");
        assert_eq!(queue.pop(), Some((1, 1)));
    }

    #[test]
    fn the_next_one_finds_room() {
        let mut queue = FairQueue::new(10_000);
        for n in 0..5 {
            let taken = (0..20_000).filter(|_| queue.push(sender(n), 1, ()).is_ok()).count();
            assert!(taken > 0, "sender {n}");
        }
    }

    #[test]
    fn one_network_of_ipv6_is_one_sender() {
        let of = |text: &str| Sender::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_reordered(
            steps in proptest::collection::vec((0_u8..4, 1_usize..50, any::<bool>()), 0..400),
        ) {
            let mut queue = FairQueue::new(500);
            let (mut pushed, mut popped) = (vec![Vec::new(); 4], vec![Vec::new(); 4]);
            for (n, (who, size, pop)) in steps.into_iter().enumerate() {
                if queue.push(sender(who), size, (who, n)).is_ok() {
                    pushed[usize::from(who)].push(n);
                }
                if pop && let Some((who, n)) = queue.pop() {
                    popped[usize::from(who)].push(n);
                }
            }
            while let Some((who, n)) = queue.pop() {
                popped[usize::from(who)].push(n);
            }
            prop_assert_eq!(pushed, popped);
            prop_assert_eq!(queue.size, 0);
            prop_assert!(queue.is_empty() && queue.lanes.is_empty());
        }
    }
}
