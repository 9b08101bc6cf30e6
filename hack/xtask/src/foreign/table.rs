//! What the lives told, as a table.

use std::fmt::Write as _;

/// One step of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) client: String,
    pub(super) version: String,
    pub(super) service: String,
    pub(super) name: String,
    pub(super) ok: bool,
    pub(super) detail: String,
}

impl Step {
    /// Reads a line that starts with `life`; `None` for any other.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut words = line.split('\t');
        if words.next() != Some("life") {
            return None;
        }
        let mut word = || words.next().map(str::to_owned);
        let (client, version, service, name) = (word()?, word()?, word()?, word()?);
        let ok = word()? == "ok";
        Some(Self { client, version, service, name, ok, detail: word().unwrap_or_default() })
    }
}

/// Steps of one client with one service, in the order they were told.
fn groups(steps: &[Step]) -> Vec<(&Step, Vec<&Step>)> {
    let mut groups: Vec<(&Step, Vec<&Step>)> = Vec::new();
    for step in steps {
        match groups.iter_mut().find(|(first, _)| first.client == step.client && first.service == step.service) {
            Some((_, all)) => all.push(step),
            None => groups.push((step, vec![step])),
        }
    }
    groups
}

/// For the terminal: a line a client and service, and every failed step.
pub(super) fn text(steps: &[Step]) -> String {
    let mut text = String::new();
    for (first, all) in groups(steps) {
        let well = all.iter().filter(|step| step.ok).count();
        let _ = writeln!(text, "{:<28} {:<9} {:<26} {well}/{}", first.client, first.version, first.service, all.len());
        for step in all.iter().filter(|step| !step.ok) {
            let _ = writeln!(text, "  FAILED {}: {}", step.name, step.detail);
        }
    }
    text
}

/// The page.
pub(super) fn page(steps: &[Step]) -> String {
    let mut page = String::from(
        "# Foreign clients\n\nWritten by `cargo xtask prove clients`; do not edit.\n\nClients that nobody here wrote, from their \
         registries, unmodified, each living a whole life against\n[`azure-emulator`](../hack/azure-emulator/README.md): what \
         they do is in `hack/foreign-clients`. Nothing but the address, the CA and\nthe authority is changed for them; octodns gets its tokens from a stand-in for `az account get-access-token`.\n\
         \"Read what Teal wrote\": Teal's own targets changed records, routes, weights and pools (`hack/writer`), and the client's reading is compared with what was asked of them.\n\n\
         | client | version | service | steps | what it did |\n|---|---|---|---:|---|\n",
    );
    for (first, all) in groups(steps) {
        let well = all.iter().filter(|step| step.ok).count();
        let names: Vec<&str> = all.iter().map(|step| step.name.as_str()).collect();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {well}/{} | {} |",
            first.client,
            first.version,
            first.service,
            all.len(),
            names.join("; ").replace('|', "\\|"),
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{Step, page, text};

    #[test]
    fn lines_become_a_table_and_noise_is_left_out() {
        let told =
            "life\tc\t1\tDNS\tcreate\tok\t\nnoise\nlife\tc\t1\tDNS\tdelete\tFAILED\twhy\nlife\tc\t1\tTM\tread\tok\t";
        let steps: Vec<Step> = told.lines().filter_map(Step::read).collect();
        assert_eq!(steps.len(), 3);
        let shown = text(&steps);
        assert!(shown.contains("1/2") && shown.contains("FAILED delete: why"), "{shown}");
        assert!(page(&steps).contains("| c | 1 | DNS | 1/2 | create; delete |"));
        assert_eq!(Step::read("life\tcut"), None);
    }
}
