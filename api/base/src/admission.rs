//! Who may have how many events under way at once at the hooks' doors. Each event costs work and a place in the queues
//! behind, and is held until it is durable; a provider that floods one door fills that door, not the queues, and the
//! others' events go on.

use std::time::Duration;

use dashmap::DashMap;

use crate::problem::Problem;

/// Events of one door under way. With group commit every few milliseconds this is far more than one door can sustain;
/// what waits beyond it would only wait longer.
const MOST_PER_DOOR: usize = 256;
/// A refusal is held back so long. A sender that obeys Retry-After does not mind, and one that does not is slowed
/// down to what refusing costs nothing.
const HELD_BACK: Duration = Duration::from_millis(500);

/// The doors that have something under way.
#[derive(Default)]
pub struct Admission {
    doors: DashMap<String, usize>,
}

/// A place at a door, given back when dropped.
pub struct Place<'a> {
    admission: &'a Admission,
    key: &'a str,
}

impl Admission {
    /// A place for one event, or 503 with Retry-After.
    pub async fn enter<'a>(&'a self, key: &'a str) -> Result<Place<'a>, Problem> {
        match self.try_enter(key) {
            Some(place) => Ok(place),
            None => {
                metrics::counter!("switchroom_hooks_refused_total").increment(1);
                tokio::time::sleep(HELD_BACK).await;
                Err(Problem::unavailable(1))
            }
        }
    }

    fn try_enter<'a>(&'a self, key: &'a str) -> Option<Place<'a>> {
        match self.doors.get_mut(key) {
            Some(busy) if *busy >= MOST_PER_DOOR => return None,
            Some(mut busy) => *busy += 1,
            None => *self.doors.entry(key.to_owned()).or_default() += 1,
        }
        Some(Place { admission: self, key })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(mut busy) = self.admission.doors.get_mut(self.key) {
            *busy -= 1;
        }
        self.admission.doors.remove_if(self.key, |_, busy| *busy == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_door_is_full_for_itself_alone() {
        let admission = Admission::default();
        let mut places: Vec<_> = (0..MOST_PER_DOOR).map(|_| admission.try_enter("a").unwrap()).collect();
        assert!(admission.try_enter("a").is_none());
        assert!(admission.try_enter("b").is_some());
        places.pop();
        assert!(admission.try_enter("a").is_some(), "a place that was given back");
        drop(places);
        assert!(admission.doors.is_empty(), "nothing is remembered of doors at rest");
    }

    #[tokio::test]
    async fn a_refusal_tells_when_to_come_again() {
        let admission = Admission::default();
        let _places: Vec<_> = (0..MOST_PER_DOOR).map(|_| admission.try_enter("a").unwrap()).collect();
        let Err(problem) = admission.enter("a").await else { panic!("let in") };
        let response = axum::response::IntoResponse::into_response(problem);
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
    }
}
