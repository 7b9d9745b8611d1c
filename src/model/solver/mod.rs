//! Minimising a smooth objective with a penalty: matrices and an objective, no rows.

pub mod cholesky;
pub mod proximal;
pub mod report;
pub mod square;
