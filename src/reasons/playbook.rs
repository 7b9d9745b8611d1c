//! The playbook: what to do about a reason, who does it and until when.

use super::Reason;
use crate::calendar::Day;
use crate::config::{matches, Play};
use crate::language::Message;
use crate::spelling;
use serde::Serialize;
use std::collections::BTreeMap;

/// The entries of a playbook, those that say more of a code first.
#[derive(Clone, Debug)]
pub struct Playbook<'a> {
    entries: Vec<(&'a str, &'a Play)>,
}

/// What to do about a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// What.
    pub action: String,
    /// Who does it.
    pub owner: Option<String>,
    /// Until when.
    pub due: Option<Day>,
}

impl<'a> Playbook<'a> {
    /// The entries of the settings: a code before every pattern, a pattern with more characters of its own before
    /// others.
    pub fn new(plays: &'a BTreeMap<String, Play>) -> Playbook<'a> {
        let mut entries: Vec<(&str, &Play)> = plays.iter().map(|(code, play)| (code.as_str(), play)).collect();
        let own = |pattern: &str| pattern.chars().filter(|&c| c != '*').count();
        entries.sort_by_key(|(pattern, _)| (pattern.contains('*'), std::cmp::Reverse(own(pattern))));
        Playbook { entries }
    }

    /// What to do about these reasons, the strongest first: what the first that has an entry says.
    pub fn action(&self, reasons: &[Reason], as_of: Day) -> Option<Action> {
        let play = reasons.iter().find_map(|reason| self.find(&reason.code))?;
        Some(Action {
            action: play.action.clone(),
            owner: play.owner.clone(),
            due: play.due_days.map(|days| as_of.later_by(days)),
        })
    }

    /// What to do about a code by itself.
    pub fn action_for(&self, code: &str) -> Option<&'a str> {
        self.find(code).map(|play| play.action.as_str())
    }

    fn find(&self, code: &str) -> Option<&'a Play> {
        self.entries.iter().find(|(pattern, _)| matches(pattern, code)).map(|&(_, play)| play)
    }

    /// The entries that none of the codes calls for, a message each, with the code that was probably meant.
    pub fn unmatched(&self, codes: &[String]) -> Vec<Message> {
        let known: Vec<&str> = codes.iter().map(String::as_str).collect();
        let told = |pattern: &str| {
            let message = match spelling::nearest(pattern, &known) {
                _ if pattern.contains('*') => Message::new("playbook-pattern"),
                Some(code) => Message::new("playbook-code-meant").text("code", code),
                None => Message::new("playbook-code"),
            };
            message.text("key", format!("playbook.{pattern}"))
        };
        let mut patterns: Vec<&str> = self.entries.iter().map(|&(pattern, _)| pattern).collect();
        patterns.sort_unstable();
        patterns.retain(|pattern| !known.iter().any(|code| matches(pattern, code)));
        patterns.into_iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plays(entries: &[&str]) -> BTreeMap<String, Play> {
        let play = |code: &&str| {
            let due_days = Some(code.len() as u32).filter(|days| days % 2 == 0);
            ((*code).to_owned(), Play { action: format!("do {code}"), owner: None, due_days })
        };
        entries.iter().map(play).collect()
    }

    #[test]
    fn the_first_reason_with_an_entry_decides_and_the_closest_entry_for_it() {
        let plays = plays(&["*", "LOGINS_*", "LOGINS_DROP", "*_DROP", "SURVEY_NPS_*"]);
        let playbook = Playbook::new(&plays);
        let found = |codes: &[&str]| {
            let reasons: Vec<Reason> = codes.iter().map(|code| Reason::of_code(code)).collect();
            playbook.action(&reasons, Day(100)).map(|action| (action.action, action.due))
        };
        assert_eq!(found(&["LOGINS_DROP", "PLAN"]), Some(("do LOGINS_DROP".to_owned(), None)));
        assert_eq!(found(&["LOGINS_LOW"]), Some(("do LOGINS_*".to_owned(), Some(Day(108)))));
        assert_eq!(found(&["VISITS_DROP"]), Some(("do *_DROP".to_owned(), Some(Day(106)))));
        assert_eq!(found(&["PLAN", "LOGINS_DROP"]), Some(("do *".to_owned(), None)));
        assert_eq!(found(&[]), None);

        let few = Playbook::new(&BTreeMap::new()).action(&[Reason::of_code("PLAN")], Day(0));
        assert_eq!(few, None);
    }

    #[test]
    fn entries_that_answer_nothing_are_named_with_what_was_meant() {
        let plays = plays(&["LOGINS_SILENT", "LOGIN_SILENT", "VISTS_*", "VISITS_*", "ZZZ"]);
        let codes = ["LOGINS_SILENT", "LOGINS_DROP", "VISITS_LOW"].map(str::to_owned);
        let said: Vec<String> = Playbook::new(&plays).unmatched(&codes).iter().map(Message::to_string).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].contains("LOGIN_SILENT") && said[0].ends_with("did you mean LOGINS_SILENT?"), "{said:?}");
        assert!(said[1].starts_with("playbook.VISTS_* matches no"), "{said:?}");
        assert!(said[2].starts_with("playbook.ZZZ") && !said[2].contains("mean"), "{said:?}");
    }
}
