//! Columns whose names look like a protected attribute: a person who is told "gender is female" as a reason for a call has been
//! told too much. Whether a model may use them is for its owners to decide; whether a list tells them, `[reasons] untold` says.

/// Words of a column's name, in small letters. A word that begins with one of the first list, or is one of the second.
const STEMS: [&str; 19] = [
    "birth",
    "citizenship",
    "disab",
    "ethnic",
    "gender",
    "handicap",
    "immigra",
    "invalid",
    "marital",
    "matern",
    "nationalit",
    "pregnan",
    "racial",
    "religi",
    "senior",
    "sexual",
    "transgender",
    "veteran",
    "geschlecht",
];
const WORDS: [&str; 14] = [
    "age",
    "ages",
    "alter",
    "caste",
    "creed",
    "dob",
    "faith",
    "genre",
    "naissance",
    "partner",
    "race",
    "sex",
    "sexe",
    "sexo",
];

/// Those of the columns that look like a protected attribute.
pub fn columns<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    names.into_iter().filter(|name| is_protected(name)).collect()
}

fn is_protected(name: &str) -> bool {
    let words = super::language::spaced(name).to_lowercase();
    let mut words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.any(|word| WORDS.contains(&word) || STEMS.iter().any(|stem| word.starts_with(stem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_word_by_word() {
        let protected = [
            "age",
            "AgeBand",
            "age_group",
            "Gender",
            "customer_gender",
            "SeniorCitizen",
            "MaritalStatus",
            "birth_date",
        ];
        assert_eq!(columns(protected), protected);
        let ordinary =
            ["plan", "page_views", "average", "usage", "language", "package", "region", "message_age_less", "sexton"];
        assert_eq!(columns(ordinary), ["message_age_less"]);
    }
}
