//! One value of each type, for services' state that need not last.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

#[derive(Default)]
pub(super) struct Runtime(HashMap<TypeId, Box<dyn Any + Send>>);

impl Runtime {
    pub(super) fn get<T: Default + Any + Send>(&mut self) -> &mut T {
        let slot = self.0.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        // The slot of a type only ever holds that type; putting a fresh one there keeps this free of panics.
        if !slot.is::<T>() {
            *slot = Box::new(T::default());
        }
        match slot.downcast_mut::<T>() {
            Some(value) => value,
            None => unreachable!("the slot was just checked"),
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({} values)", self.0.len())
    }
}
