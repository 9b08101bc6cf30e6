//! Attack case 10: two readers of one archive must not see two charts. Helm reads with Go's `archive/tar`; archives made of
//! headers that contradict each other, and of bytes changed at random, go through that reader and ours. What both take has
//! the same files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use ring::digest;
use serde_json::Value;

use super::unpack;

const ARCHIVES: usize = 1_500;

/// One piece of an archive: a header of any sort with any content, a size that may be a lie, and perhaps a byte changed.
#[derive(Debug, Clone)]
struct Piece {
    kind: u8,
    name: String,
    prefix: &'static str,
    magic: &'static [u8; 8],
    content: Vec<u8>,
    size: Option<String>,
    change: Option<(usize, u8)>,
}

impl Piece {
    fn write(&self, tar: &mut Vec<u8>) {
        let mut header = [0_u8; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, self.name.as_bytes());
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        let honest = format!("{:011o}\0", self.content.len());
        put(124, self.size.as_ref().unwrap_or(&honest).as_bytes());
        put(136, b"00000000000\0");
        put(156, &[self.kind]);
        put(257, self.magic);
        put(345, self.prefix.as_bytes());
        if let Some((at, byte)) = self.change {
            header[at] = byte;
        }
        // A wrong sum would only be refused.
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(&self.content);
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (1..).map(|digits| rest + digits).find(|length| length.to_string().len() + rest == *length).unwrap();
    format!("{length} {key}={value}\n").into_bytes()
}

fn pieces() -> impl Strategy<Value = Piece> {
    let name = prop_oneof![
        4 => "web/[ab]{1,2}",
        2 => "web/[ab]/[ab]{1,2}",
        1 => "web/[ab]/",
        1 => "(web)?/?[ab.]{0,3}/?",
    ];
    let text = prop::collection::vec(any::<u8>(), 0..600);
    let extended = (
        prop::sample::select(vec!["path", "size", "linkpath", "mtime", "GNU.sparse.name", "comment"]),
        "(web/[abc]{1,2}|[0-9]{1,4})",
    )
        .prop_map(|(key, value)| record(key, &value));
    let long = "web/[ab]{1,200}\0?".prop_map(String::into_bytes);
    let of_kind = prop_oneof![
        8 => (Just(b'0'), text.clone()),
        1 => (Just(0), text.clone()),
        1 => (prop::sample::select(b"1234567SNVZ".to_vec()), text),
        2 => (Just(b'x'), extended.clone()),
        1 => (Just(b'g'), extended),
        1 => (Just(b'L'), long),
    ];
    let size =
        prop_oneof![12 => Just(None), 1 => "0000000[0-7]{4}\0".prop_map(Some), 1 => "[ 0-9]{0,11}[\0 ]".prop_map(Some)];
    let magic = prop::sample::select(vec![b"ustar\x0000", b"ustar  \0", b"\0\0\0\0\0\0\0\0"]);
    let change = prop_oneof![6 => Just(None), 1 => (0_usize..512, any::<u8>()).prop_map(Some)];
    (of_kind, name, prop::sample::select(vec!["", "", "", "web", "x"]), magic, size, change).prop_map(
        |((kind, content), name, prefix, magic, size, change)| Piece {
            kind,
            name,
            prefix,
            magic,
            content,
            size,
            change,
        },
    )
}

fn archive(pieces: &[Piece], ends: bool) -> Vec<u8> {
    let mut tar = Vec::new();
    let chart = Piece {
        kind: b'0',
        name: "web/Chart.yaml".into(),
        prefix: "",
        magic: b"ustar\x0000",
        content: b"name: web\n".to_vec(),
        size: None,
        change: None,
    };
    std::iter::once(&chart).chain(pieces).for_each(|piece| piece.write(&mut tar));
    if ends {
        tar.resize(tar.len() + 1024, 0);
    }
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&tar).unwrap();
    gz.finish().unwrap()
}

fn hex(content: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, content))
}

/// Files by path below the chart's folder, as ours names them.
fn theirs(answer: &Value) -> Option<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for file in answer["files"].as_array().into_iter().flatten() {
        let steps = file["name"].as_str()?.split('/').filter(|step| !matches!(*step, "" | "."));
        let path: Vec<&str> = steps.skip(1).collect();
        if files.insert(path.join("/"), file["sha256"].as_str()?.to_owned()).is_some() {
            return None;
        }
    }
    Some(files)
}

#[test]
fn a10_what_is_taken_is_what_gos_reader_sees() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let strategy = (prop::collection::vec(pieces(), 0..5), prop::bool::weighted(0.9));
    let mut made = Vec::new();
    for number in 0..ARCHIVES {
        let (pieces, ends) = strategy.new_tree(&mut runner).unwrap().current();
        let packed = archive(&pieces, ends);
        std::fs::write(folder.path().join(number.to_string()), &packed).unwrap();
        made.push((pieces, unpack(&packed)));
    }
    let taken = made.iter().filter(|(_, ours)| ours.is_ok()).count();
    assert!(taken * 5 > ARCHIVES && taken * 5 < ARCHIVES * 4, "{taken} of {ARCHIVES} are taken: too few or too many");

    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tar/main.go");
    let mut go = Command::new("go");
    go.arg("run").arg(program).args((0..ARCHIVES).map(|number| number.to_string()));
    let output = match go.current_dir(folder.path()).env("GOTOOLCHAIN", "local").env("GO111MODULE", "off").output() {
        Ok(output) => output,
        Err(error) => {
            let required = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
            assert!(!required, "needs go ({error}), and TEAL_REQUIRE=all forbids to skip");
            eprintln!("skipped: comparing with Go's reader of archives; no go ({error})");
            return;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    assert_eq!(lines.len(), ARCHIVES);
    let (mut both, mut differ) = (0, Vec::new());
    for ((pieces, ours), line) in made.iter().zip(lines) {
        let Ok(ours) = ours else { continue };
        let ours: BTreeMap<String, String> = ours.iter().map(|(path, bytes)| (path.clone(), hex(bytes))).collect();
        let answer: Value = serde_json::from_str(line).unwrap();
        if answer["error"] != "" {
            continue;
        }
        both += 1;
        if Some(&ours) != theirs(&answer).as_ref() {
            differ.push(format!("ours: {ours:?}\nGo's: {line}\nof {pieces:?}"));
        }
    }
    differ.sort_by_key(String::len);
    assert!(
        differ.is_empty(),
        "{} differ; the shortest:\n{}",
        differ.len(),
        differ[..differ.len().min(4)].join("\n\n")
    );
    assert!(both * 5 > ARCHIVES, "both take {both} of {ARCHIVES}: too few");
}
