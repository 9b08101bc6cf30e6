//! A thin, careful client of Azure Resource Manager (ARM): what Teal reads and writes there, and nothing else.
//!
//! | file | what |
//! |---|---|
//! | [`cloud`] | public, US Government, China, custom: where to sign in, where ARM is, for whom a token is |
//! | [`credential`] | who we are: named explicitly, or by what the environment offers |
//! | [`client`] | sends one request; repeats reads, never writes behind the caller's back |
//! | [`retry`] | when to try again, as a pure function |
//! | [`watch`] | what happened, for metrics |
//! | [`error`] | what went wrong, and what to do then |
//! | [`id`] | resource ids, compared without case |
//! | [`operation`] | long-running operations, polled verbatim and resumable from a stored URL |
//! | [`versions`] | every api-version, in one place |
//! | [`dns`], [`front_door`], [`front_door_classic`], [`traffic_manager`], [`gateway`], [`aks`], [`monitor`], [`resources`], [`vault`] | the services |
//!
//! Every service module has two halves: functions that make a [`Request`] without sending it, and methods of [`Client`]
//! that send it and read the answer. Answers are read leniently: unknown fields are kept or left aside, never an error.

pub mod aks;
mod body;
mod certificate;
pub mod client;
pub mod cloud;
pub mod credential;
pub mod dns;
pub mod error;
pub mod front_door;
pub mod front_door_classic;
pub mod gateway;
pub mod id;
pub mod monitor;
pub mod operation;
pub mod request;
pub mod resources;
pub mod retry;
pub mod traffic_manager;
pub mod vault;
pub mod versions;
pub mod watch;

pub use client::{Client, Settings};
pub use cloud::Cloud;
pub use credential::Credential;
pub use error::AzureError;
pub use id::ResourceId;
pub use operation::{Operation, Progress};
pub use request::{Answer, Condition, Method, Needs, Request};
pub use retry::RetryPolicy;
pub use watch::{Metrics, Watch};
