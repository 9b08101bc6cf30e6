//! The files, in both of their forms: Microsoft's SDK on the wire (`sdk`), and the specification's own (`spec`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One file.
pub(crate) struct Example {
    pub(crate) service: String,
    pub(crate) file: String,
    /// `RecordSets.Get`; of a `spec` file its operation id.
    pub(crate) operation: String,
    pub(crate) request: Option<Asked>,
    pub(crate) answers: Vec<Value>,
}

/// What Microsoft's SDK sends.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl Asked {
    /// The path's segments.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.path.trim_start_matches('/').split('/').collect()
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// All files; `None`, with a notice, where they are not.
pub(crate) fn all() -> Option<Vec<Example>> {
    let root = std::env::var("TEAL_SHARED")
        .map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = root.join("azure-examples");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    let mut found = Vec::new();
    for service in folders(&folder) {
        for kind in folders(&service).into_iter().filter(|kind| kind.is_dir()) {
            for file in folders(&kind).into_iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
                found.push(read(&service, &file));
            }
        }
    }
    assert_eq!(found.len(), 215, "files of {}", folder.display());
    Some(found)
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    };
    list.sort();
    list
}

fn read(service: &Path, file: &Path) -> Example {
    let value: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let service = service.file_name().unwrap().to_string_lossy().into_owned();
    let shown = format!("{service}/{}", file.file_name().unwrap().to_string_lossy());
    match value.get("parameters") {
        None => Example {
            service,
            operation: value["operation"].as_str().unwrap().to_owned(),
            request: value.get("request").filter(|request| request.is_object()).map(asked),
            answers: value.pointer("/response/body").filter(|body| !body.is_null()).cloned().into_iter().collect(),
            file: shown,
        },
        Some(_) => Example {
            service,
            operation: file.file_stem().unwrap().to_string_lossy().into_owned(),
            request: None,
            answers: value["responses"]
                .as_object()
                .unwrap()
                .values()
                .filter_map(|answer| answer.get("body").cloned())
                .collect(),
            file: shown,
        },
    }
}

fn asked(request: &Value) -> Asked {
    // Placeholders of the examples are no names.
    let url = request["url"].as_str().unwrap().replace("<subscription-id>", "subid");
    let url = reqwest::Url::parse(&format!("https://arm.test{url}")).unwrap();
    let path = percent(url.path());
    Asked {
        method: request["method"].as_str().unwrap().to_owned(),
        path,
        query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        body: request.get("body").filter(|body| !body.is_null()).cloned(),
    }
}

/// A path without its percent encoding.
fn percent(path: &str) -> String {
    let mut out = Vec::new();
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| u8::from_str_radix(&path[at + 1..at + 3], 16).unwrap());
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap()
}

/// Every key that a body has, as a path; the keys below free-form maps are left out.
pub(crate) fn keys(body: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(body, "", &mut found);
    found
}

fn collect(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = format!("{at}/{key}");
                let free = matches!(key.as_str(), "metadata" | "tags");
                found.insert(path.clone());
                if !free {
                    collect(value, &path, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, &format!("{at}[]"), found)),
        _ => {}
    }
}

/// Every key that Microsoft's own requests and answers of a service have.
pub(crate) fn known_keys(examples: &[Example], service: &str) -> BTreeSet<String> {
    let of = examples.iter().filter(|example| example.service == service);
    of.flat_map(|example| {
        let bodies = example.answers.iter().chain(example.request.iter().filter_map(|asked| asked.body.as_ref()));
        bodies.flat_map(keys).collect::<Vec<_>>()
    })
    .collect()
}
