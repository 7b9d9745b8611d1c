//! What names and types give away: whose id a column is, when something happened, in which unit.

/// Words for the people whose ids and tables are looked for.
pub(super) const PEOPLE: &[&str] = &["customer", "cust", "client", "account", "subscriber", "member", "user"];
const ID_ENDINGS: &[&str] = &["id", "key", "number", "no", "uuid"];
const GONE: &[&str] = &["churn", "cancel", "attrition", "terminat", "unsubscri"];
/// As [`GONE`], but of other things than customers too.
const MAYBE_GONE: &[&str] = &["left", "closed", "deactivated", "lapsed", "ended", "exited"];

/// The words of a name, in lower case: `MonthlyCharges`, `monthly_charges` and `monthly-charges` are the same two.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        after_lower = c.is_lowercase() || c.is_numeric();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

pub(super) fn has_word(name: &str, wanted: &[&str]) -> bool {
    words(name).iter().any(|word| wanted.contains(&word.as_str()) || wanted.contains(&singular(word)))
}

pub(super) fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

/// `customer_id`, `UserKey`, `account`; not `account_owner`.
pub(super) fn is_person_id(name: &str) -> bool {
    match words(name).as_slice() {
        [one] => PEOPLE.iter().any(|p| one == p || one.strip_prefix(p).is_some_and(|rest| ID_ENDINGS.contains(&rest))),
        [first, .., last] => PEOPLE.contains(&first.as_str()) && ID_ENDINGS.contains(&last.as_str()),
        [] => false,
    }
}

/// `plan_id`: a number that counts nothing.
pub(super) fn is_key(name: &str) -> bool {
    words(name).last().is_some_and(|word| ["id", "key", "uuid"].contains(&word.as_str()))
}

pub(super) fn is_gone(name: &str) -> bool {
    words(name).iter().any(|word| GONE.iter().any(|stem| word.starts_with(stem)))
}

/// `closed_at`, `left_on`: it may be about the customer.
pub(super) fn is_maybe_gone(name: &str) -> bool {
    has_word(name, MAYBE_GONE)
}

/// The unit that a quantity's name gives away.
pub(super) fn unit_of(column: &str) -> Option<&'static str> {
    let units: [(&[&str], &str); 4] = [
        (&["s", "sec", "secs", "second", "seconds"], "seconds"),
        (&["min", "mins", "minute", "minutes"], "minutes"),
        (&["clicks"], "clicks"),
        (&["pages"], "pages"),
    ];
    units.into_iter().find(|(names, _)| words(column).iter().any(|w| names.contains(&w.as_str()))).map(|(_, unit)| unit)
}

/// A name as the configuration wants it: letters, digits, `_` and `-`, beginning with a letter.
pub(super) fn signal_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
        plain
    } else {
        format!("signal_{plain}")
    }
}
