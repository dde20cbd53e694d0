//! Where a contact is: postal address, city, state and country. What each may hold, and what two records of one party make
//! together.

use crate::iso::is_country;

/// Characters of a postal address, which may have several lines.
pub const MAX_ADDRESS: usize = 1000;
/// Characters of a city.
pub const MAX_CITY: usize = 200;
/// Characters of a state, province or canton.
pub const MAX_STATE: usize = 200;

/// Where somebody is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub address: Option<String>,
    pub city: Option<String>,
    /// State, province, canton: whatever stands between city and country.
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2 in capitals.
    pub country: Option<String>,
}

impl Place {
    /// With what it lacks of `other`, as long as both may be the same place: a street of one city and the country of another
    /// would be nowhere. Who has moved has two cities, and keeps this one alone. Streets are spelt in many ways, so two that differ
    /// say nothing while the city is one.
    pub fn completed_by(&self, other: &Self) -> Self {
        let elsewhere = differ(&self.city, &other.city)
            || differ(&self.state, &other.state)
            || differ(&self.country, &other.country)
            || differ(&self.address, &other.address) && (self.city.is_none() || other.city.is_none());
        if elsewhere {
            return self.clone();
        }
        let either = |own: &Option<String>, other: &Option<String>| own.clone().or_else(|| other.clone());
        Self {
            address: either(&self.address, &other.address),
            city: either(&self.city, &other.city),
            state: either(&self.state, &other.state),
            country: either(&self.country, &other.country),
        }
    }
}

/// Whether both say something, and not the same.
fn differ(own: &Option<String>, other: &Option<String>) -> bool {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    own.as_deref().zip(other.as_deref()).is_some_and(|(own, other)| folded(own) != folded(other))
}

/// The code of a country as it is stored, of what somebody wrote; none where it is no code.
pub fn country(text: &str) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    is_country(&code).then_some(code)
}

/// Whether it can be a city or a state: one line.
pub fn is_one_line(text: &str) -> bool {
    !text.trim().contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str, city: &str, state: &str, country: &str) -> Place {
        let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Place { address: part(address), city: part(city), state: part(state), country: part(country) }
    }

    #[test]
    fn what_is_lacked_comes_from_the_other_where_both_may_be_one_place() {
        let nothing = place("", "", "", "");
        for (own, other, together) in [
            (nothing.clone(), place("1 Elm St", "Lyon", "", "FR"), place("1 Elm St", "Lyon", "", "FR")),
            (place("", "Lyon", "", ""), nothing, place("", "Lyon", "", "")),
            (
                place("", " lyon", "", ""),
                place("1 Elm St", "Lyon", "Rhône", "FR"),
                place("1 Elm St", " lyon", "Rhône", "FR"),
            ),
            // Moved: nothing of the other city comes here.
            (place("", "Lyon", "", ""), place("1 Elm St", "Bern", "BE", "CH"), place("", "Lyon", "", "")),
            (place("", "", "", "FR"), place("1 Elm St", "Bern", "", "CH"), place("", "", "", "FR")),
            (place("", "", "Rhône", ""), place("", "Bern", "Bern", "CH"), place("", "", "Rhône", "")),
            // One street, spelt twice, in one city; or two streets, nobody knows where.
            (
                place("12 Rue X", "Lyon", "", ""),
                place("12, rue X", "Lyon", "", "FR"),
                place("12 Rue X", "Lyon", "", "FR"),
            ),
            (
                place("12 Rue X", "", "", ""),
                place("1 Elm St", "Bern", "", "CH"),
                place("12 Rue X", "", "", ""),
            ),
            (
                place("12 Rue X", "Lyon", "", ""),
                place("1 Elm St", "", "", "CH"),
                place("12 Rue X", "Lyon", "", ""),
            ),
        ] {
            assert_eq!(own.completed_by(&other), together, "{own:?} and {other:?}");
        }
    }

    #[test]
    fn countries_are_codes_in_any_case() {
        assert_eq!(country(" de "), Some("DE".to_owned()));
        for none in ["", "Germany", "UK", "ZZ", "D", "ẞE"] {
            assert_eq!(country(none), None, "{none}");
        }
    }

    #[test]
    fn cities_have_one_line() {
        assert!(is_one_line(" São Paulo\n"));
        assert!(!is_one_line("Lyon\nFrance") && !is_one_line("Ly\u{7}on"));
    }
}
