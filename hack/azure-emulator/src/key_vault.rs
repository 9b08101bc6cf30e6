//! Key Vault's keys: RSA and EC keys that really encrypt and sign, behind the challenge that its clients expect.

mod calls;
mod crypto;
mod guard;
mod keys;
mod lifetime;
mod operate;

use crate::arm::{ArmError, Call, Reply, ResourceType};
use crate::provider::{OtherCall, Provider};
use crate::world::World;

/// The service.
#[derive(Debug)]
pub(crate) struct KeyVault;

impl Provider for KeyVault {
    fn name(&self) -> &'static str {
        "Key Vault keys"
    }

    fn types(&self) -> &'static [ResourceType] {
        &[]
    }

    fn handle(&self, _: &mut World, call: &Call) -> Result<Reply, ArmError> {
        Err(ArmError::method(&call.method, &call.target.kind()))
    }

    fn other(&self, world: &mut World, call: &OtherCall<'_>) -> Option<Reply> {
        calls::other(world, call)
    }
}
