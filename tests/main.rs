//! The integration suites, one binary; each module is named for what it proves.

mod outside_view;
mod switch;
