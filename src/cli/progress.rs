//! Progress on a terminal, silence in a pipe.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Makes progress bars, or invisible ones.
#[derive(Clone, Copy)]
pub struct Progress {
    visible: bool,
}

impl Progress {
    /// Visible only if wanted and standard error is a terminal.
    pub fn new(wanted: bool) -> Progress {
        Progress { visible: wanted && std::io::stderr().is_terminal() }
    }

    /// A bar towards a known total.
    pub fn bar(&self, what: &str, unit: &str, total: u64) -> ProgressBar {
        let template = format!("{{spinner}} {what:<12} {{wide_bar}} {{human_pos}} of {{human_len}} {unit} {{eta}}");
        self.styled(ProgressBar::with_draw_target(Some(total), self.target()), &template)
    }

    /// A spinner with a message.
    pub fn spinner(&self, what: &str) -> ProgressBar {
        let bar = self.styled(ProgressBar::with_draw_target(None, self.target()), "{spinner} {msg}");
        bar.set_message(what.to_owned());
        bar
    }

    fn target(&self) -> ProgressDrawTarget {
        if self.visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        }
    }

    fn styled(&self, bar: ProgressBar, template: &str) -> ProgressBar {
        if self.visible {
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar
    }
}
