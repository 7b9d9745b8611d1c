//! Deliveries.

use super::*;

/// A configuration with these columns to pass through.
fn with_deliveries(own: &str) -> String {
    let customers = "[customers]\npassthrough = [\"account_owner\"]\ncategorical = [\"plan\"]\n";
    format!("{}{own}", MINIMAL.replacen("[customers]\n", customers, 1))
}

const CRM: &str = "[deliveries.crm]\nkind = \"csv\"\nprofile = \"salesforce\"\npath = \"crm\"\n";

const TEAM: &str = "[deliveries.team]\nkind = \"webhook\"\nprofile = \"slack\"\n";

#[test]
fn deliveries_are_read_in_every_layer_and_shown_again() {
    let text = with_deliveries(&format!(
        "[list]\nsplit_by = \"plan\"\n{CRM}columns = {{ Z__c = \"churn_probability\", A__c = \"account_owner\" }}\n\
         {TEAM}url_env = \"CHURN_LIST_HOOK\"\n"
    ));
    let secret = "https://hooks.example.com/T0/secret";
    let set = ["deliveries.crm.changed_only=true"];
    let variables = [("CHURN_LIST_HOOK", secret), ("CHURN_DELIVERIES__CRM__KEY", "account_owner")];
    let r = resolved(&text, &set, &variables).unwrap();
    let crm = &r.settings.deliveries["crm"];
    let columns: Vec<&str> = crm.columns.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((columns, crm.changed_only, crm.key.as_str()), (vec!["Z__c", "A__c"], true, "account_owner"));
    let path = crm.path.as_ref().unwrap();
    assert!(path.is_absolute() && path.ends_with("crm"), "{}", path.display());
    let team = &r.settings.deliveries["team"];
    assert_eq!((team.url_env.as_deref(), team.fields.len()), (Some("CHURN_LIST_HOOK"), 3));

    assert!(!r.to_toml().contains(secret) && !r.canonical_json().unwrap().contains(secret));
    let again = Settings::from_toml_str(&r.to_toml(), Path::new("")).unwrap();
    assert_eq!(again.deliveries, r.settings.deliveries);
    assert!(r.settings.without_effect().is_empty(), "{:?}", r.settings.without_effect());
}

#[test]
fn what_no_delivery_can_mean_is_refused() {
    let columns = "columns = { Risk__c = \"churn_probability\" }\n";
    for (own, parts) in [
        (
            format!("{CRM}columns = {{ Risk__c = \"churn_probabilty\" }}"),
            &["churn_probabilty", "churn_probability"][..],
        ),
        (format!("{CRM}columns = {{ Owner = \"zzzzzz\" }}"), &["deliveries.crm.columns", "customers.passthrough"]),
        (format!("{CRM}{columns}key = \"acount_owner\""), &["deliveries.crm.key", "`account_owner`"]),
        (CRM.to_owned(), &["deliveries.crm.columns", "at least one"]),
        (format!("{CRM}columns = {{ A = \"rank\", a = \"status\" }}"), &["`a`", "capitals"]),
        (format!("{CRM}columns = {{ A = \"customer_id\", B = \"customer_id\" }}"), &["key", "twice"]),
        (format!("{CRM}columns = {{ A = \"rank\", customer_id = \"status\" }}"), &["`customer_id`", "key"]),
        (format!("{CRM}columns = {{ \" A\" = \"rank\" }}"), &["deliveries.crm.columns", "names with list columns"]),
        (format!("{CRM}columns = \"rank\""), &["deliveries.crm.columns", "the text \"rank\""]),
        (CRM.replace("salesforce", "slack") + columns, &["deliveries.crm.profile", "webhook"]),
        (CRM.replace("path = \"crm\"\n", "") + columns, &["deliveries.crm.path", "folder"]),
        (CRM.replace("\"crm\"", "\"out/lists\"") + columns, &["deliveries.crm.path", "paths.lists"]),
        (format!("{CRM}{columns}{}{columns}", CRM.replace(".crm]", ".other]")), &["deliveries.other.path", "crm"]),
        (TEAM.to_owned(), &["deliveries.team.url_env", "variable"]),
        (format!("{TEAM}url_env = \"A\"\nlink = \"javascript:x\""), &["deliveries.team.link", "https://"]),
        (format!("{TEAM}url_env = \"A\"\nfields = [\"rnk\"]"), &["deliveries.team.fields", "`rank`"]),
        (TEAM.replace("team", "\"a/b\""), &["name of a delivery"]),
        ("[list]\nsplit_by = \"acount_owner\"".to_owned(), &["list.split_by", "`account_owner`"]),
        ("[list]\nsplit_by = \"rank\"".to_owned(), &["list.split_by", "passthrough"]),
    ] {
        let error = settings(&with_deliveries(&own)).map(drop).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_contains(&error.to_string(), parts);
    }

    let secret = "https://hooks.example.com/T0/secret";
    let error = settings(&with_deliveries(&format!("{TEAM}url_env = \"{secret}\""))).map(drop).unwrap_err();
    assert!(error.to_string().contains("deliveries.team.url_env") && !error.to_string().contains("secret/"), "{error}");
    assert!(!error.to_string().contains("hooks.example.com"), "{error}");
}

#[test]
fn keys_of_the_other_kind_are_told() {
    let columns = "columns = { Risk__c = \"churn_probability\" }\n";
    let told = settings(&with_deliveries(&format!(
        "{CRM}{columns}url_env = \"A\"\n{TEAM}url_env = \"A\"\nchanged_only = true"
    )));
    let told = without_effect(&told.unwrap());
    assert_contains(&told, &["deliveries.crm.url_env", "deliveries.team.changed_only"]);
    let split = settings(&with_deliveries("[list]\nsplit_by = \"plan\"\n[publish]\nformats = [\"parquet\"]")).unwrap();
    assert_contains(&without_effect(&split), &["list.split_by", "publish.formats"]);
}
