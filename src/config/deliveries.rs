//! Where lists go: whether deliveries and the split of the list can be done with the columns that a list has.

use super::choices::DeliveryKind;
use super::layers::Layers;
use super::settings::{Delivery, Settings};
use crate::published::{self, has_column};
use crate::spelling::{self, named};

/// Every problem, in the order of the names.
pub(super) fn problems(settings: &Settings, layers: &Layers) -> Vec<String> {
    let mut check = Check { settings, layers, problems: Vec::new() };
    check.split();
    for (name, delivery) in &settings.deliveries {
        check.delivery(name, delivery);
    }
    check.problems
}

struct Check<'a> {
    settings: &'a Settings,
    layers: &'a Layers,
    problems: Vec<String>,
}

impl Check<'_> {
    fn add(&mut self, key: &str, problem: &str) {
        self.problems.push(format!("{}: {problem}", self.layers.named(key)));
    }

    /// The columns that are copied to the list.
    fn copied(&self) -> Vec<&str> {
        let customers = self.settings.customers.iter().flat_map(|customers| &customers.passthrough);
        let table = self.settings.table.iter().flat_map(|table| &table.passthrough);
        customers.chain(table).map(String::as_str).collect()
    }

    fn split(&mut self) {
        const KEY: &str = "list.split_by";
        let Some(column) = self.settings.list.split_by.as_deref() else { return };
        // Which columns of a prepared table are categorical is known when it is read.
        if self.settings.table.is_some() {
            return;
        }
        let Some(customers) = &self.settings.customers else { return };
        let known: Vec<&str> = customers.passthrough.iter().chain(&customers.categorical).map(String::as_str).collect();
        if !known.contains(&column) {
            let what = "is neither in customers.passthrough nor in customers.categorical";
            self.add(KEY, &format!("{} {what}; {}", named(column), advice(column, &known)));
        }
    }

    fn delivery(&mut self, name: &str, delivery: &Delivery) {
        let key = |key: &str| format!("deliveries.{name}.{key}");
        if delivery.profile.kind() != delivery.kind {
            let (profile, kind) = (delivery.profile.word(), delivery.profile.kind().word());
            self.add(&key("profile"), &format!("\"{profile}\" is a profile of kind \"{kind}\"; change one of the two"));
        }
        match delivery.kind {
            DeliveryKind::Csv => self.files(name, delivery),
            DeliveryKind::Webhook => self.webhook(name, delivery),
        }
    }

    fn files(&mut self, name: &str, delivery: &Delivery) {
        let key = |key: &str| format!("deliveries.{name}.{key}");
        match &delivery.path {
            None if self.layers.is_rejected(&key("path")) => {}
            None => self.add(&key("path"), "this kind needs the folder of its files; set it"),
            Some(path) => {
                let paths = &self.settings.paths;
                let taken =
                    [(&paths.lists, "paths.lists"), (&paths.models, "paths.models"), (&paths.monitor, "paths.monitor")];
                for (taken, by) in taken {
                    if path == taken {
                        self.add(&key("path"), &format!("this is the folder of `{by}`; name one of its own"));
                    }
                }
                let mut before = self.settings.deliveries.iter().take_while(|(other, _)| *other != name);
                if let Some((other, _)) = before.find(|(_, other)| other.path.as_ref() == Some(path)) {
                    self.add(
                        &key("path"),
                        &format!("delivery `{other}` has the same folder; give each one of its own"),
                    );
                }
            }
        }

        let columns = &delivery.columns.0;
        if columns.is_empty() {
            let example = "{ Churn_Risk__c = \"churn_probability\" }";
            self.add(&key("columns"), &format!("this kind needs at least one column, for example {example}"));
        }
        self.list_columns(&key("key"), [delivery.key.as_str()]);
        self.list_columns(&key("columns"), columns.iter().map(|(_, column)| column.as_str()));
        self.heads(&key("columns"), delivery);
    }

    /// Other systems tell heads apart by more than capitals.
    fn heads(&mut self, key: &str, delivery: &Delivery) {
        let columns = &delivery.columns.0;
        let keys = columns.iter().filter(|(_, column)| *column == delivery.key).count();
        if keys > 1 {
            self.add(key, &format!("the key {} is held twice; once is enough", named(&delivery.key)));
        }

        for (at, (head, _)) in columns.iter().enumerate() {
            let is_same = |other: &str| other.to_lowercase() == head.to_lowercase();
            if keys == 0 && is_same(&delivery.key) {
                self.add(key, &format!("{} is the name of the key; choose another", named(head)));
            } else if let Some((other, _)) = columns[..at].iter().find(|(other, _)| is_same(other)) {
                let both = format!("{} and {}", named(head), named(other));
                self.add(key, &format!("{both} differ in capitals alone, which the receivers do not tell apart"));
            }
        }
    }

    fn webhook(&mut self, name: &str, delivery: &Delivery) {
        let key = |key: &str| format!("deliveries.{name}.{key}");
        if delivery.url_env.is_none() && !self.layers.is_rejected(&key("url_env")) {
            self.add(&key("url_env"), "this kind needs the name of the variable that holds the address; set it");
        }
        self.list_columns(&key("fields"), delivery.fields.iter().map(String::as_str));
    }

    fn list_columns<'b>(&mut self, key: &str, columns: impl IntoIterator<Item = &'b str>) {
        let copied = self.copied();
        let own: Vec<String> = published::LIST.iter().map(|column| column.name()).collect();
        let known: Vec<&str> = own.iter().map(String::as_str).chain(copied.iter().copied()).collect();
        let mut problems = Vec::new();
        for column in columns {
            if !has_column(published::LIST, column) && !copied.contains(&column) {
                let question = spelling::did_you_mean(column, &known);
                let advice =
                    question.unwrap_or_else(|| "others than its own have to be in customers.passthrough".to_owned());
                problems.push(format!("{} is no column of the list; {advice}", named(column)));
            }
        }
        problems.iter().for_each(|problem| self.add(key, problem));
    }
}

fn advice(name: &str, known: &[&str]) -> String {
    spelling::did_you_mean(name, known).unwrap_or_else(|| match known {
        [] => "both are empty".to_owned(),
        known => format!("there are: {}", known.join(", ")),
    })
}
