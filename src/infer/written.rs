//! Texts as a configuration holds them.

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A list of texts in quotes.
pub(super) fn list(texts: &[String]) -> String {
    toml::Value::from(texts.to_vec()).to_string()
}

/// Text that cannot end the comment it stands in.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
