//! A page for people: what there is, what runs, what goes wrong, what was asked.

use http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use crate::arm::dispatch::Request;
use crate::arm::{Body, Reply};
use crate::provider::Provider;
use crate::world::World;

/// How many calls it shows.
const CALLS: usize = 50;
/// How many resources it shows.
const RESOURCES: usize = 500;

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem;max-width:80rem}h1{font-size:1.3rem}h2{font-size:1rem;\
margin:1.5rem 0 .3rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.15rem .6rem .15rem 0;border-bottom:1px solid \
#8883;vertical-align:top;overflow-wrap:anywhere}th{font-weight:600}code{font-size:.95em}.bad{color:#b3261e}.quiet{opacity:.7}\
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}.bad{color:#ff8a80}}";

/// Shows it.
pub(crate) fn show(world: &World, providers: &[Box<dyn Provider>], request: &Request) -> Reply {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "azure-emulator" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { "azure-emulator" }
                p {
                    "Resource manager and authority: " code { (request.base) } ". Emulated time: " (world.now().to_string())
                    ", at " (world.clock.scale()) "× speed. Services: "
                    (providers.iter().map(|provider| provider.name()).collect::<Vec<_>>().join(", ")) "."
                }
                p class="quiet" {
                    @for (what, address) in &world.addresses { (what) " " code { (address.to_string()) } " " }
                }
                (resources(world))
                (operations(world))
                (faults(world))
                (calls(world))
            }
        }
    };
    Reply {
        body: Body::Other("text/html; charset=utf-8", page.into_string().into_bytes()),
        ..Reply::empty(StatusCode::OK)
    }
}

fn resources(world: &World) -> Markup {
    let total = world.store.all().count();
    html! {
        h2 { (total) " resources in " (world.store.groups(None).count()) " groups" }
        @if total > 0 {
            table {
                tr { th { "type" } th { "name" } th { "group" } th { "state" } th { "changed" } }
                @for one in world.store.all().take(RESOURCES) {
                    tr {
                        td { (one.id.kind()) }
                        td title=(one.id.to_string()) { (one.id.names().join("/")) }
                        td { (one.id.group().unwrap_or("")) }
                        td { (one.property("provisioningState").as_str().unwrap_or("")) }
                        td { (one.changed.to_string()) }
                    }
                }
            }
            @if total > RESOURCES { p class="quiet" { "… and " (total - RESOURCES) " more." } }
        }
    }
}

fn operations(world: &World) -> Markup {
    let mut all: Vec<_> = world.operations.iter().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.started));
    html! {
        h2 { (all.len()) " operations" }
        @if !all.is_empty() {
            table {
                tr { th { "what" } th { "resource" } th { "status" } th { "started" } th { "due" } }
                @for one in all.iter().take(CALLS) {
                    tr {
                        td { (one.verb) }
                        td { (one.resource.names().join("/")) }
                        td { (format!("{:?}", one.status)) @if one.stuck { " (never ends)" } @if one.lost { " (lost)" } }
                        td { (one.started.to_string()) }
                        td { (one.due.to_string()) }
                    }
                }
            }
        }
    }
}

fn faults(world: &World) -> Markup {
    html! {
        h2 { (world.faults.iter().count()) " faults" }
        @for one in world.faults.iter() {
            p {
                code { (one.id) } " " (one.rule.fault.label()) " on " (one.rule.method.as_deref().unwrap_or("any method")) " "
                (one.rule.kind.as_deref().unwrap_or("any type")) " " (one.rule.path.as_deref().unwrap_or(""))
                ", probability " (one.rule.probability) ", "
                @match one.rule.times { Some(times) => { (times) " times more" } None => { "for ever" } }
                ", struck " (one.struck) " times"
            }
        }
    }
}

fn calls(world: &World) -> Markup {
    html! {
        h2 { "Last calls" }
        table {
            tr { th { "#" } th { "time" } th { "call" } th { "status" } th { "client" } th { "fault" } }
            @for one in world.log.newest().take(CALLS) {
                tr {
                    td { (one.number) }
                    td { (one.time.to_string()) }
                    td { (one.method) " " (one.path) @if let Some(condition) = &one.condition { " (" (condition) ")" } }
                    td class=[(one.status >= 400 || one.status == 0).then_some("bad")] {
                        @if one.status == 0 { "closed" } @else { (one.status) }
                    }
                    td title=(one.agent) { (one.client) }
                    td { (one.fault.as_deref().unwrap_or("")) }
                }
            }
        }
    }
}
