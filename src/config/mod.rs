//! Configuration: the layers as written, and the resolved, validated whole.

mod settings;

pub use settings::*;
