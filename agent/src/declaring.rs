//! What the Sync and the commit declare, taken in: source, pin, role, keys, and the fleet rendered from them.

use std::collections::BTreeSet;
use std::sync::Arc;

use teal_api::fleet::Fleet;
use teal_api::sync::AzureIdentity;
use teal_cluster::{Kind, Lookup};
use teal_render::ClusterValues;
use teal_render::helm::ValueRef;
use teal_vault::Vault;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::agent::role_of;
use crate::chart_values::{self, ChartValues};
use crate::declared::declared;
use crate::engine::Engine;
use crate::following::{self, Followed};
use crate::giving;
use crate::keys::{Keys, Service};
use crate::rendering::{Renderer, Request};
use crate::running::{Rendered, Running};
use crate::source;

impl Running {
    /// The Sync changed, or went.
    pub(crate) async fn sync_changed(&mut self) -> bool {
        let now = self.engine.syncs.borrow_and_update().clone();
        match now {
            Followed::One(ref sync) if now.is(self.engine.sync.metadata.uid.as_deref()) => {
                self.engine.sync = sync.clone();
                self.read_sync().await;
                true
            }
            _ => false,
        }
    }

    /// Acts on the Sync's spec: source, pin, role, keys.
    pub(crate) async fn read_sync(&mut self) {
        let (client, namespace) = (self.engine.cluster.client().clone(), self.engine.config.namespace.clone());
        let sync = self.engine.sync.clone();
        self.engine.role = role_of(&sync, Some(self.engine.role));
        self.engine.pruning.stale = true;
        self.engine.reporter.touch();
        self.must_render = true;
        match following::follow(&client, &namespace, &sync).await {
            Ok(follow) => {
                self.engine.rejected = None;
                self.follow.send_if_modified(|last| {
                    let news = last.as_ref() != Some(&follow);
                    *last = Some(follow);
                    news
                });
            }
            Err(error) => self.engine.reject(error.reason(), error.to_string()).await,
        }
    }

    /// Renders what changed, if anything asked for it; `must_render` stays where a second time has more to go by.
    pub(crate) async fn render(&mut self) {
        if !self.must_render {
            return;
        }
        self.must_render = false;
        self.reread_credentials().await;
        let Some(fetched) =
            self.engine.sourced.borrow_and_update().as_ref().and_then(|sourced| sourced.fetched.clone())
        else {
            return;
        };
        if !self.is_what_was_asked_for() {
            return;
        }
        let (client, namespace) = (self.engine.cluster.client().clone(), self.engine.config.namespace.clone());
        let key = match following::parity_key(&client, &namespace, &self.engine.sync).await {
            Ok(key) => key,
            Err(error) => return self.engine.reject(error.reason(), error.to_string()).await,
        };
        let fleet = declared(&fetched.snapshot, &self.engine.sync.spec.source.path);
        let Some((keys, values)) = self.given(&fleet) else { return };
        let asked = self.renderer.as_ref().map(Renderer::chart_values).unwrap_or_default();
        let own = &self.engine.config.namespace;
        let chart_values = ChartValues::new(&asked, &self.engine.sync.spec, own, &self.inputs);
        let asked: BTreeSet<ValueRef> = asked.into_iter().cloned().collect();
        let keys_id = keys.as_ref().map(|keys| *keys.id());
        self.engine.parity_key_id = key.as_ref().map(|key| key.id().to_owned()).unwrap_or_default();
        let inputs = Rendered {
            commit: fetched.commit.id.to_string(),
            source: self.engine.sync.spec.source.clone(),
            color: self.engine.sync.spec.color.clone(),
            role: (self.engine.role, self.engine.sync.spec.role.is_some()),
            key: self.engine.parity_key_id.clone(),
            helm: self.engine.sync.spec.helm.clone(),
            given: (self.inputs.epoch(), self.engine.sync.spec.decryption.clone()),
        };
        let unfinished =
            |renderer: &Renderer| renderer.depends_on_kinds() || renderer.awaits_charts() || renderer.has_unanswered();
        let again = self.renderer.as_ref().is_some_and(unfinished);
        if self.rendered.as_ref() == Some(&inputs) && !again {
            return;
        }
        let request = Request {
            fetched,
            sync: self.engine.sync_name().to_owned(),
            path: self.engine.sync.spec.source.path.clone(),
            color: self.engine.sync.spec.color.clone(),
            role: self.engine.role,
            role_is_given: self.engine.sync.spec.role.is_some(),
            key,
            kinds: self.engine.kinds.clone(),
            charts: self.charts.clone(),
            helm: self.engine.sync.spec.helm.clone(),
            version: self.version.clone(),
            keys,
            values,
            chart_values,
        };
        let Some(mut renderer) = self.renderer.take() else { return };
        let rendered = tokio::task::spawn_blocking(move || {
            let wanted = renderer.render(&request);
            (renderer, wanted)
        });
        match rendered.await {
            Ok((mut renderer, Ok(wanted))) => {
                let count = renderer.take_count();
                self.engine.metrics.units_rendered.inc_by(count);
                self.asking.rendered(renderer.has_unanswered(), keys_id, Instant::now());
                let asks_more = renderer.chart_values().into_iter().any(|wanted| !asked.contains(wanted));
                self.renderer = Some(renderer);
                self.engine.rejected = None;
                // A chart asked for values that nobody watched before: their first word renders it.
                if !self.follow_inputs(&fleet) {
                    return;
                }
                // No word comes of those that are watched already, or that it may not have.
                if asks_more {
                    self.must_render = true;
                    return;
                }
                self.rendered = Some(inputs);
                tracing::info!(revision = %wanted.revision, units = wanted.units.len(), rendered = count, "Revision rendered");
                self.engine.want(wanted);
                self.declare_kinds();
            }
            Ok((renderer, Err(rejected))) => {
                self.renderer = Some(renderer);
                self.rendered = None;
                self.engine.reject(rejected.reason, rejected.message).await;
            }
            Err(panicked) => {
                self.renderer = Some(Renderer::new());
                self.engine.reject("RenderFailed", format!("rendering stopped: {panicked}")).await;
            }
        }
        self.engine.reporter.touch();
    }

    /// What the cluster gives to this commit, from watches that are started here; `None` while one of them has said
    /// nothing yet, and then its first word renders.
    fn given(&mut self, fleet: &Fleet) -> Option<(Option<Keys>, ClusterValues)> {
        if !self.follow_inputs(fleet) {
            return None;
        }
        let spec = &self.engine.sync.spec;
        let own = &self.engine.config.namespace;
        let decryption = spec.decryption.as_ref();
        let vault = decryption.and_then(|decryption| decryption.azure.as_ref());
        if self.vault.as_ref().map(|(identity, _)| identity) != vault {
            self.vault = vault.map(|identity| (identity.clone(), service(self.engine.config.azure.as_ref(), identity)));
        }
        let service = self.vault.as_ref().map(|(_, service)| service.clone());
        let keys = decryption.map(|decryption| Keys::read(decryption, own, &self.inputs, service));
        Some((keys, giving::values(fleet, spec, own, &self.inputs)))
    }

    /// Watches what rendering reads in the cluster. Returns whether something is known of each.
    fn follow_inputs(&mut self, fleet: &Fleet) -> bool {
        let (spec, own) = (&self.engine.sync.spec, &self.engine.config.namespace);
        let mut wanted = giving::inputs_of(fleet, spec, own);
        wanted.extend(spec.decryption.as_ref().and_then(|decryption| Keys::input(decryption, own)));
        let asked = self.renderer.as_ref().map(Renderer::chart_values).unwrap_or_default();
        wanted.extend(chart_values::inputs_of(&asked, spec, own));
        self.inputs.follow(wanted)
    }

    /// A commit that came from another reference than the one asked for now (a pin was set) is not acted on.
    fn is_what_was_asked_for(&self) -> bool {
        let asked = self.follow.borrow();
        let sourced = self.engine.sourced.borrow();
        match (asked.as_ref(), sourced.as_ref()) {
            (Some(asked), Some(sourced)) => match &asked.reference {
                teal_git::Reference::Commit(id) => {
                    sourced.fetched.as_ref().is_some_and(|fetched| fetched.commit.id == *id)
                }
                reference => *reference == sourced.reference,
            },
            _ => false,
        }
    }

    /// Credentials that were refused may have been put right in the Secret since.
    async fn reread_credentials(&mut self) {
        let refused = self
            .engine
            .sourced
            .borrow()
            .as_ref()
            .is_some_and(|sourced| sourced.error.as_ref().is_some_and(source::wants_credentials));
        if !refused {
            return;
        }
        let (client, namespace) = (self.engine.cluster.client().clone(), self.engine.config.namespace.clone());
        if let Ok(follow) = following::follow(&client, &namespace, &self.engine.sync).await {
            self.follow.send_if_modified(|last| {
                let news = last.as_ref() != Some(&follow);
                *last = Some(follow);
                news
            });
        }
    }

    /// Tells freezes which kinds the fleet declares.
    pub(crate) fn declare_kinds(&self) {
        let mut kinds: Vec<Kind> = Vec::new();
        for (_, object) in self.engine.wanted.objects() {
            if let Lookup::Served(kind) = self.engine.kinds.lookup(&object.id.group, object.version(), &object.id.kind)
                && !kinds.contains(kind)
            {
                kinds.push(kind.clone());
            }
        }
        kinds.sort_by_key(Kind::group_kind);
        self.declared.send_if_modified(|last| {
            let news = *last != kinds;
            *last = kinds;
            news
        });
    }
}

/// The vault as a source of keys, made once for an identity: it remembers.
fn service(azure: Option<&teal_azure::Client>, identity: &AzureIdentity) -> Service {
    if let Some(azure) = azure {
        return Ok(Arc::new(Vault::new(azure.clone(), Handle::current())));
    }
    let (client, tenant) = (identity.client_id.as_deref(), identity.tenant_id.as_deref());
    let vault = Vault::from_environment(client, tenant, Handle::current());
    Ok(Arc::new(vault.map_err(|error| format!("spec.decryption.azure: {error}"))?))
}

impl Engine {
    /// A declaration that can't be used: the one before stays in force, and the reason is told.
    pub(crate) async fn reject(&mut self, reason: &str, message: String) {
        let news = self.rejected.as_ref().is_none_or(|(_, before)| *before != message);
        if news {
            tracing::warn!(reason, message, "Declaration refused");
            self.events.warning(&self.about(), reason, &message).await;
        }
        self.rejected = Some((reason.to_owned(), message));
        self.reporter.touch();
    }
}
